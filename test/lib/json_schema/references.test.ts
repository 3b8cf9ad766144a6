import { expect, test } from 'bun:test'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'

const pointersOf = (schema: JsonObject, value: JsonValue) =>
  compileSchema(schema)
    .validate(value)
    .map(({ pointer }) => pointer)

const nested = (levels: number, innermost: JsonValue): JsonValue => {
  let value = innermost
  for (let level = 0; level < levels; level++) value = { child: value }
  return value
}

test('a recursive schema follows a value to its full depth', () => {
  const schema = { type: 'object', properties: { child: { $ref: '#' } } }
  expect(pointersOf(schema, nested(63, {}))).toEqual([])
  expect(pointersOf(schema, nested(3, 7))).toEqual(['/child/child/child'])
})

test.each<[string, JsonObject]>([
  ['a JSON pointer', { $ref: '#/$defs/n', $defs: { n: { type: 'null' } } }],
  ['escaped segments', { $ref: '#/$defs/a~1b%25~0', $defs: { 'a/b%~': { type: 'null' } } }],
  ['an array index', { $ref: '#/allOf/1', allOf: [true, { type: 'null' }] }],
  ['an anchor', { $ref: '#n', $defs: { x: { $anchor: 'n', type: 'null' } } }],
  ['an embedded $id', { $ref: 'n.json', $defs: { x: { $id: 'n.json', type: 'null' } } }],
  [
    'an embedded $id relative to the root’s',
    {
      $id: 'https://a.example/b/root',
      $ref: '/n',
      $defs: { x: { $id: 'https://a.example/n', type: 'null' } },
    },
  ],
  [
    'a pointer into an embedded resource',
    { $ref: 'n#/$defs/y', $defs: { x: { $id: 'n', $defs: { y: { type: 'null' } } } } },
  ],
  [
    'a URN',
    {
      $ref: 'urn:x:y#n',
      $defs: { x: { $id: 'urn:x:y', $defs: { z: { $anchor: 'n', type: 'null' } } } },
    },
  ],
  [
    'a place no keyword leads to',
    { $ref: '#/components/n', components: { n: { $ref: '#/components/m' }, m: { type: 'null' } } },
  ],
  ['a boolean schema', { $ref: '#/$defs/never', $defs: { never: false }, type: 'null' }],
  ['a dynamic anchor', { $dynamicRef: '#n', $defs: { x: { $dynamicAnchor: 'n', type: 'null' } } }],
])('$ref reaches %s', (name, schema) => {
  expect(pointersOf(schema, 1).length).toBeGreaterThan(0)
  if (!name.includes('boolean')) expect(pointersOf(schema, null)).toEqual([])
})

test('$ref and its siblings both apply in 2020-12', () => {
  const schema = { $ref: '#/$defs/s', maxLength: 2, $defs: { s: { type: 'string' } } }
  expect(pointersOf(schema, 'ab')).toEqual([])
  expect(pointersOf(schema, 'abc')).toEqual([''])
  expect(pointersOf(schema, 1)).toEqual([''])
})

test('an $id inside enum or const is no identifier', () => {
  const schema = { $ref: 'x', $defs: { a: { const: { $id: 'x' } } } }
  expect(() => compileSchema(schema)).toThrow(expect.objectContaining({ code: 'remote_ref' }))
})

test('$dynamicRef takes the outermost anchor of the resources that were entered', () => {
  const tree = {
    $id: 'tree',
    $dynamicAnchor: 'node',
    type: 'object',
    properties: { children: { type: 'array', items: { $dynamicRef: '#node' } } },
  }
  const strict = {
    $id: 'https://a.example/strict',
    $dynamicAnchor: 'node',
    $ref: 'tree',
    unevaluatedProperties: false,
    $defs: { tree },
  }
  const open = { ...strict, $dynamicAnchor: 'other' }
  const value = { children: [{ children: [{ extra: 1 }] }] }
  expect(pointersOf(strict, value)).toEqual(['/children/0/children/0/extra'])
  expect(pointersOf(open, value)).toEqual([])
})

test.each<[string, JsonObject, string]>([
  ['itself', { $ref: '#' }, ''],
  [
    'a ring',
    { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
    '/$defs/a',
  ],
  ['itself inside anyOf', { anyOf: [{ type: 'null' }, { $ref: '#' }] }, ''],
  [
    'itself inside not',
    { properties: { a: { not: { $ref: '#/properties/a' } } } },
    '/properties/a',
  ],
])('a schema that applies %s to the same value is refused when compiled', (_, schema, pointer) => {
  const refusal = expect.objectContaining({
    code: 'validation_failed',
    errors: [{ pointer, message: expect.stringContaining('without end') }],
  })
  expect(() => compileSchema(schema)).toThrow(refusal)
})
