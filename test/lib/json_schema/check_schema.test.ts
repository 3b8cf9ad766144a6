import { expect, test } from 'bun:test'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { checkSchema } from '../../../src/lib/json_schema/check_schema.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'

const refusal = (code: string, pointer: string) =>
  expect.objectContaining({
    code,
    status: 422,
    errors: [{ pointer, message: expect.stringMatching(/\.$/) }],
  })

const properties = (amount: number, schema: (index: number) => JsonValue): JsonObject => {
  const entries = Array.from(
    { length: amount },
    (_, index) => [`p${index}`, schema(index)] as const,
  )
  return { type: 'object', properties: Object.fromEntries(entries) }
}

const nested = (levels: number): JsonObject => {
  let schema: JsonObject = {}
  for (let level = 0; level < levels; level++) schema = { not: schema }
  return schema
}

test.each<[string, JsonObject]>([
  ['of a megabyte', { description: 'x'.repeat(1024 * 1024) }],
  ['just over 256 KiB of two-byte characters', { description: 'é'.repeat(128 * 1024) }],
  ['200 levels deep', nested(200)],
  ['half a million levels deep', nested(500_000)],
  ['with 10,000 subschemas', properties(10_000, () => ({}))],
  ['with deep enum values', { enum: [JSON.parse('['.repeat(100) + ']'.repeat(100))] }],
])('case 153: a schema %s is schema_too_complex', (_, schema) => {
  expect(() => checkSchema(schema)).toThrow(refusal('schema_too_complex', ''))
})

test('case 153: a long chain of references to the same value is schema_too_complex', () => {
  const schemas = properties(150, (index) => ({ $ref: `#/properties/p${index + 1}` }))
  const last = { ...schemas, properties: { ...(schemas.properties as JsonObject), p150: {} } }
  expect(() => checkSchema(last)).toThrow(expect.objectContaining({ code: 'schema_too_complex' }))
})

test('case 278: patterns that would take long to compile are schema_too_complex', () => {
  const schema = properties(1_500, (index) => ({ pattern: `^(?:a+)+${index}$` }))
  expect(() => checkSchema(schema)).toThrow(expect.objectContaining({ code: 'schema_too_complex' }))
})

test('a schema at the limits is accepted', () => {
  checkSchema(properties(1_999, () => ({ type: 'string' })))
  checkSchema(nested(63))
  checkSchema({ description: 'x'.repeat(256 * 1024 - 18) })
})

test.each<[JsonObject, string]>([
  [{ $ref: 'https://example.com/schema.json' }, '/$ref'],
  [{ properties: { a: { $ref: 'other.json#/x' } } }, '/properties/a/$ref'],
  [{ $ref: 'file:///etc/passwd' }, '/$ref'],
  [{ $dynamicRef: 'https://example.com/s#node' }, '/$dynamicRef'],
  [{ $ref: 'https://json-schema.org/draft/2020-12/schema' }, '/$ref'],
  [{ $schema: 'https://json-schema.org/draft/2019-09/schema' }, '/$schema'],
  [{ $schema: 'http://json-schema.org/draft-04/schema#' }, '/$schema'],
  [{ $schema: 'https://example.com/my-dialect' }, '/$schema'],
  [{ $schema: 7 }, '/$schema'],
])('case 153: %j is remote_ref, and nothing is fetched', (schema, pointer) => {
  const calls: unknown[] = []
  const { fetch } = globalThis
  globalThis.fetch = Object.assign(async (...call: unknown[]) => {
    calls.push(call)
    return new Response('{}')
  }, fetch)
  try {
    expect(() => checkSchema(schema)).toThrow(refusal('remote_ref', pointer))
  } finally {
    globalThis.fetch = fetch
  }
  expect(calls).toEqual([])
})

test.each<[JsonObject, string]>([
  [{ $ref: '#/$defs/none' }, '/$ref'],
  [{ $ref: '#none' }, '/$ref'],
  [{ $ref: '#/type', type: 'object' }, '/$ref'],
  [{ $ref: '#/toString' }, '/$ref'],
  [{ $ref: 7 }, '/$ref'],
  [{ type: 'strin' }, '/type'],
  [{ type: [] }, '/type'],
  [{ type: ['string', 'string'] }, '/type'],
  [{ enum: 'a' }, '/enum'],
  [{ required: 'a' }, '/required'],
  [{ required: ['a', 1] }, '/required'],
  [{ required: ['a', 'a'] }, '/required'],
  [{ minimum: '1' }, '/minimum'],
  [{ exclusiveMinimum: true }, '/exclusiveMinimum'],
  [{ multipleOf: 0 }, '/multipleOf'],
  [{ multipleOf: -1 }, '/multipleOf'],
  [{ minLength: -1 }, '/minLength'],
  [{ maxItems: 1.5 }, '/maxItems'],
  [{ minProperties: null }, '/minProperties'],
  [{ uniqueItems: 'yes' }, '/uniqueItems'],
  [{ pattern: 7 }, '/pattern'],
  [{ pattern: '(' }, '/pattern'],
  [{ patternProperties: { '[': {} } }, '/patternProperties'],
  [{ properties: [] }, '/properties'],
  [{ properties: { 'a/b': { items: 7 } } }, '/properties/a~1b/items'],
  [{ items: [{}] }, '/items'],
  [{ prefixItems: {} }, '/prefixItems'],
  [{ allOf: [] }, '/allOf'],
  [{ anyOf: [{}, 1] }, '/anyOf/1'],
  [{ not: null }, '/not'],
  [{ dependentRequired: { a: 'b' } }, '/dependentRequired'],
  [{ dependencies: { a: [1] } }, '/dependencies/a'],
  [{ $anchor: '1x' }, '/$anchor'],
  [{ $id: 'a#b' }, '/$id'],
  [{ $defs: { a: { $id: 'x' }, b: { $id: 'x' } } }, '/$defs/b/$id'],
  [{ $defs: { a: { $anchor: 'x' }, b: { $anchor: 'x' } } }, '/$defs/b'],
  [{ $defs: { a: { $schema: 'http://json-schema.org/draft-07/schema#' } } }, '/$defs/a/$schema'],
  [{ title: 1 }, '/title'],
])('%j is validation_failed at that place', (schema, pointer) => {
  expect(() => checkSchema(schema)).toThrow(refusal('validation_failed', pointer))
  expect(() => compileSchema(schema)).toThrow(refusal('validation_failed', pointer))
})

test('every malformed place is named, 20 at most', () => {
  const schema = { required: 1, properties: { a: { type: 'x' }, b: { minimum: '1', $ref: '#/c' } } }
  const pointers = [
    '/required',
    '/properties/a/type',
    '/properties/b/minimum',
    '/properties/b/$ref',
  ]
  const errors = pointers.map((pointer) => expect.objectContaining({ pointer }))
  expect(() => checkSchema(schema)).toThrow(expect.objectContaining({ errors }))
  const many = properties(100, () => ({ type: 'x' }))
  const twenty = Array.from({ length: 20 }, () => expect.anything())
  expect(() => checkSchema(many)).toThrow(expect.objectContaining({ errors: twenty }))
})
