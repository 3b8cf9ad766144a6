import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { dialectOf, type Keyword } from '../../lib/json_schema/document/dialect.ts'
import { isSchema } from '../../lib/json_schema/schema_values.ts'
import type { ApiSchema } from '../api_document.ts'

/** What 2020-12 says of each keyword. */
export const keywords: ReadonlyMap<string, Keyword> = dialectOf(undefined)?.keywords ?? new Map()

/** The schemas that stand directly in a schema; `$ref` leads to none of them. */
export function* subschemas(schema: JsonObject): Generator<ApiSchema> {
  for (const name in schema) {
    const children = keywords.get(name)?.children
    if (children === undefined) continue
    const value = schema[name]
    if (Array.isArray(value)) yield* value.filter(isSchema)
    else if (isJsonObject(value) && children.startsWith('map')) {
      yield* Object.values(value).filter(isSchema)
    } else if (isSchema(value) && !children.startsWith('map')) yield value
  }
}
