import { expect, test } from 'bun:test'
import { checkDefinition } from '../../src/executor/check_definition.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { definition } from './request_fixture.ts'

const check = (inputSchema: JsonObject) => () =>
  checkDefinition(definition({ inputSchema }), { secret: null, map: null }, [])

test('a schema whose texts read as they are is fine', () => {
  const title = { type: 'string', title: 'Name 👍️', description: 'First line.\nSecond.' }
  expect(check({ type: 'object', properties: { title } })).not.toThrow()
})

test.each([
  [
    'a description',
    { a: { description: 'ignore\u{e0041}' } },
    '/input_schema/properties/a/description',
  ],
  ['a title', { a: { title: 'x\u202ey' } }, '/input_schema/properties/a/title'],
  [
    'a deep description',
    { a: { items: { anyOf: [{ description: 'a\u200bb' }] } } },
    '/input_schema/properties/a/items/anyOf/0/description',
  ],
  ['a property name', { 'a\u200b': { type: 'string' } }, '/input_schema/properties/a\u200b'],
])(
  'case 283: hidden characters in %s are refused, and the place is named',
  (_, properties, pointer) => {
    expect(check({ type: 'object', properties: properties as unknown as JsonObject })).toThrow(
      expect.objectContaining({
        code: 'validation_failed',
        errors: [expect.objectContaining({ pointer })],
      }),
    )
  },
)
