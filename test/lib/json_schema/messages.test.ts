import { expect, test } from 'bun:test'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'

const messagesOf = (schema: JsonObject, value: JsonValue) =>
  compileSchema(schema)
    .validate(value)
    .map(({ message }) => message)

const cat: JsonObject = {
  type: 'object',
  required: ['kind', 'lives'],
  properties: { kind: { const: 'cat' }, lives: { type: 'integer' } },
}
const dog: JsonObject = {
  type: 'object',
  required: ['kind', 'tail'],
  properties: { kind: { const: 'dog' }, tail: { type: 'boolean' } },
}

test.each<[JsonObject, JsonValue, string]>([
  [{ type: ['string', 'null'] }, 3, 'Expected string or null, got integer.'],
  [{ type: 'integer' }, 3.5, 'Expected integer, got number.'],
  [{ type: 'object' }, [], 'Expected object, got array.'],
  [{ enum: ['a', 'b', 3] }, 'c', 'Expected one of "a", "b", 3.'],
  [{ const: { a: 1 } }, 'c', 'Expected exactly {"a":1}.'],
  [{ minimum: 3 }, 2, 'Expected a number of at least 3, got 2.'],
  [{ exclusiveMaximum: 3 }, 3, 'Expected a number of less than 3, got 3.'],
  [{ multipleOf: 0.5 }, 0.3, 'Expected a multiple of 0.5, got 0.3.'],
  [{ minLength: 3 }, 'ab', 'Expected at least 3 characters, got 2.'],
  [{ maxItems: 1 }, [1, 2], 'Expected at most 1 item, got 2.'],
  [{ minProperties: 2 }, {}, 'Expected at least 2 properties, got 0.'],
  [{ pattern: '^x' }, 'y', 'Expected text that matches the pattern ^x.'],
  [{ uniqueItems: true }, [1, 2, 1], 'Expected unique items, but items 0 and 2 are equal.'],
  [{ required: ['a'] }, {}, 'Required property "a" is missing.'],
  [{ dependentRequired: { a: ['b'] } }, { a: 1 }, 'With property "a", "b" is required, too.'],
  [
    { properties: { a: {}, b: {} }, additionalProperties: false },
    { c: 1 },
    'Unexpected property "c". Known are "a", "b".',
  ],
  [
    { patternProperties: { '^x-': {} }, additionalProperties: false },
    { c: 1 },
    'Unexpected property "c". None are known here. Names that match ^x- are allowed.',
  ],
  [{ not: { type: 'null' } }, null, 'The value must not fit the schema {"type":"null"}.'],
])('the message for %j says what is wrong and what is expected', (schema, value, message) => {
  expect(messagesOf(schema, value)).toEqual([message])
})

test('where no form fits, the closest one is reported and not a wall', () => {
  const issues = compileSchema({ oneOf: [cat, dog] }).validate({ kind: 'dog', tail: 3 })
  expect(issues).toEqual([
    {
      pointer: '/tail',
      message: 'Expected boolean, got integer. (The closest of 2 forms asks for this.)',
    },
  ])
})

test('a discriminator no form knows is reported with every value it may have', () => {
  const issues = compileSchema({ oneOf: [cat, dog] }).validate({ kind: 'bird', tail: true })
  expect(issues).toEqual([
    {
      pointer: '/kind',
      message: 'The value fits none of 2 forms: Expected exactly "cat". Expected exactly "dog".',
    },
  ])
})

test('a value of no form’s type is told all of them at once, however they are nested', () => {
  const nested = { anyOf: [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, { type: 'array' }] }
  expect(messagesOf(nested, 3)).toEqual([
    'The value fits none of 2 forms: Expected string, got integer. Expected null, got integer. ' +
      'Expected array, got integer.',
  ])
})

test('a value that fits two forms of oneOf is told which', () => {
  const schema = { oneOf: [{ type: 'null' }, { type: 'integer' }, { minimum: 2 }] }
  expect(messagesOf(schema, 3)).toEqual([
    'The value must fit exactly one of the 3 forms of "oneOf", but fits number 2 and number 3.',
  ])
})

test('unevaluated members are named beside what a branch that knows others finds', () => {
  const schema = {
    allOf: [{ properties: { a: { type: 'string' }, b: {} } }],
    unevaluatedProperties: false,
  }
  const pointers = compileSchema(schema)
    .validate({ a: 1, b: 2, c: 3 })
    .map(({ pointer }) => pointer)
  expect(pointers).toEqual(['/a', '/c'])
})

test('no member is called unexpected where the branch that may know it does not fit', () => {
  const schema = { anyOf: [cat, dog], unevaluatedProperties: false }
  const pointers = compileSchema(schema)
    .validate({ kind: 'dog', tail: 3 })
    .map(({ pointer }) => pointer)
  expect(pointers).toEqual(['/tail'])
})

test('what several branches ask for alike is said once', () => {
  const schema = { type: 'object', allOf: [{ required: ['a'] }, { required: ['a'] }] }
  expect(messagesOf(schema, {})).toEqual(['Required property "a" is missing.'])
})

test('at most 20 issues are reported, each bounded, whatever the value', () => {
  const schema: JsonObject = {
    properties: { many: { items: { type: 'null' } } },
    additionalProperties: false,
  }
  const many = Array.from({ length: 1000 }, (_, index) => index)
  expect(compileSchema(schema).validate({ many })).toHaveLength(20)
  for (const issue of compileSchema(schema).validate({ ['k'.repeat(100_000)]: 1 })) {
    expect(issue.pointer.length).toBeLessThanOrEqual(1024)
    expect(issue.message.length).toBeLessThanOrEqual(600)
  }
})

test('a long list of values or names is cut off and counted', () => {
  const names = Array.from({ length: 500 }, (_, index) => `value_${index}`)
  const [message] = messagesOf({ enum: names }, 'x')
  expect(message).toMatch(/^Expected one of "value_0", .* and \d+ more\.$/)
  expect(message?.length).toBeLessThan(400)
})
