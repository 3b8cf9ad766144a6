import { describe, expect, test } from 'bun:test'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'

/** A schema, values it accepts, and values it refuses with the pointers it then names. */
export type Row = [
  schema: JsonObject | boolean,
  valid: JsonValue[],
  invalid: [JsonValue, ...string[]][],
]

/** The `$schema` of draft-07. */
export const DRAFT_07 = 'http://json-schema.org/draft-07/schema#'

/** Makes one test of each row, grouped by the keywords the rows are about. */
export function testRows(rows: Record<string, Row[]>): void {
  for (const [name, group] of Object.entries(rows)) {
    describe(name, () => {
      test.each(group.map((row) => [JSON.stringify(row[0]), row] as const))(
        '%s accepts what fits and names every place that does not',
        (_, row) => expectRow(row),
      )
    })
  }
}

function expectRow([schema, valid, invalid]: Row): void {
  const compiled = compileSchema(schema)
  for (const value of valid) expect(compiled.validate(value)).toEqual([])
  for (const [value, ...pointers] of invalid) {
    const issues = compiled.validate(value)
    expect(issues.map(({ pointer }) => pointer)).toEqual(pointers)
    for (const { message } of issues) expect(message).toMatch(/^[A-Z].*\.\)?$/s)
  }
}
