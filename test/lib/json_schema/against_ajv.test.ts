import { expect, test } from 'bun:test'
import Ajv from 'ajv'
import Ajv2020 from 'ajv/dist/2020.js'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'

const NAMES = ['a', 'b', 'ab', 'c'] as const
const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const

const scalars = fc.constantFrom<JsonValue[]>(
  null,
  true,
  false,
  0,
  1,
  2,
  2.5,
  -1,
  3,
  '',
  'a',
  'ab',
  '😀',
  'b1',
)

const values = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value as fc.Arbitrary<JsonValue>

const counts = fc.integer({ min: 0, max: 3 })
const limits = fc.constantFrom(-1, 0, 1, 2, 2.5)
const names = fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 })
const map = <T>(value: fc.Arbitrary<T>, keys: readonly string[] = NAMES) =>
  fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 3, noNullPrototype: true })

/**
 * Where ajv 8 departs from the specification (and from the public test suite): `contains` may pass
 * on an array that is empty or shorter than a list of item schemas beside it; what a `$ref` in a
 * failing branch evaluates counts for `unevaluated…`; `unevaluatedItems` overlooks `contains`, and
 * goes wrong one inside the other.
 */
function isAjvDefect(schema: JsonObject, value: JsonValue): boolean {
  const text = JSON.stringify(schema)
  if (text.includes('"unevaluated') && text.includes('"$ref"')) return true
  if (text.split('"unevaluatedItems"').length > 2) return true
  if (!text.includes('"contains"')) return false
  const hasList = /"unevaluatedItems"|"prefixItems"|"items":\[/.test(text)
  return hasList || JSON.stringify(value).includes('[]')
}

/** Schemas of both dialects' keywords, about values as small as the ones generated. */
function schemas(dialect: '2020-12' | 'draft-07'): fc.Arbitrary<JsonObject> {
  const isOld = dialect === 'draft-07'
  return fc.letrec<{ schema: JsonObject; child: JsonObject | boolean }>((tie) => {
    const child = tie('child')
    const list = fc.array(child, { minLength: 1, maxLength: 3 })
    const definitions = isOld ? 'definitions' : '$defs'
    const common = {
      type: fc.oneof(
        fc.constantFrom(...TYPES),
        fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 3 }),
      ),
      enum: fc.uniqueArray(values, {
        minLength: 1,
        maxLength: 4,
        selector: (v) => JSON.stringify(v),
      }),
      const: values,
      multipleOf: fc.constantFrom(1, 2, 0.5),
      minimum: limits,
      maximum: limits,
      exclusiveMinimum: limits,
      exclusiveMaximum: limits,
      minLength: counts,
      maxLength: counts,
      pattern: fc.constantFrom('^a', 'b$', '^(?:a|b1?)+$', '\\d', '^.$'),
      minItems: counts,
      maxItems: counts,
      uniqueItems: fc.boolean(),
      minProperties: counts,
      maxProperties: counts,
      required: names,
      properties: map(child),
      patternProperties: map(child, ['^a', 'b$', 'c']),
      additionalProperties: child,
      propertyNames: child,
      contains: child,
      allOf: list,
      anyOf: list,
      oneOf: list,
      not: child,
      if: child,
      // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
      then: child,
      else: child,
    }
    const reference = fc.record({
      $ref: fc.constantFrom(`#/${definitions}/x`, `#/${definitions}/y`),
    })
    const old = {
      items: fc.oneof(child, list),
      additionalItems: child,
      dependencies: map(fc.oneof(child, names)),
    }
    const modern = {
      items: child,
      prefixItems: list,
      minContains: counts,
      maxContains: counts,
      dependentRequired: map(names),
      dependentSchemas: map(child),
      unevaluatedProperties: child,
      unevaluatedItems: child,
      $ref: reference.map(({ $ref }) => $ref),
    }
    const keywords: Record<string, fc.Arbitrary<unknown>> = { ...common, ...(isOld ? old : modern) }
    const schema = fc
      .uniqueArray(fc.constantFrom(...Object.keys(keywords)), { maxLength: 4 })
      .chain((chosen) =>
        fc.record(Object.fromEntries(chosen.map((name) => [name, keywords[name] ?? child]))),
      ) as fc.Arbitrary<JsonObject>
    return {
      child: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(fc.boolean(), fc.record({ type: fc.constantFrom(...TYPES) })),
        schema,
        reference,
      ),
      schema: fc
        .tuple(schema, child, child)
        .map(([root, x, y]) => ({ ...root, [definitions]: { x, y } })),
    }
  }).schema as fc.Arbitrary<JsonObject>
}

const options = {
  strict: false,
  validateSchema: false,
  validateFormats: false,
  logger: false,
} as const
const oracles = {
  '2020-12': () => new Ajv2020(options),
  'draft-07': () => new Ajv(options),
}

/** Whether ajv accepts a value; undefined where the code it made for the schema fails. */
function ajvAccepts(check: (value: unknown) => unknown, value: JsonValue): boolean | undefined {
  try {
    return check(value) === true
  } catch {
    return undefined
  }
}

function compiledOrLooping(schema: JsonObject): ReturnType<typeof compileSchema> | undefined {
  try {
    return compileSchema(schema)
  } catch (error) {
    expect(JSON.stringify(error)).toContain('without end')
    return undefined
  }
}

function expectPlace(root: JsonValue, pointer: string): void {
  let value: JsonValue | undefined = root
  for (const segment of pointer.split('/').slice(1)) {
    value = (value as JsonObject)[segment]
    expect(value).not.toBeUndefined()
  }
}

for (const dialect of ['2020-12', 'draft-07'] as const) {
  test(`${dialect}: accepts exactly what ajv accepts, and every issue names a place in the value`, () => {
    let compared = 0
    const samples = fc.array(values, { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(schemas(dialect), samples, (body, instances) => {
        const $schema = 'http://json-schema.org/draft-07/schema#'
        const schema = dialect === 'draft-07' ? { $schema, ...body } : body
        const compiled = compiledOrLooping(schema)
        if (compiled === undefined) return
        const check = oracles[dialect]().compile(schema)
        for (const value of instances) {
          if (isAjvDefect(schema, value)) continue
          const issues = compiled.validate(value)
          const expected = ajvAccepts(check, value)
          if (expected === undefined) continue
          expect({ value, isValid: issues.length === 0 }).toEqual({ value, isValid: expected })
          for (const { pointer } of issues) expectPlace(value, pointer)
          compared++
        }
      }),
      { numRuns: 500, interruptAfterTimeLimit: 4_000 },
    )
    expect(compared).toBeGreaterThan(300)
  }, 20_000)
}
