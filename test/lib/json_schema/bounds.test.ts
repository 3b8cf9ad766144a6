import { expect, test } from 'bun:test'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'

/** Every level asks for the next twice: two to the power of the levels checks, were there no bound. */
function doubling(keyword: string, levels: number): JsonObject {
  const $defs: JsonObject = { [`d${levels}`]: { type: 'string' } }
  for (let level = 0; level < levels; level++) {
    const next = { $ref: `#/$defs/d${level + 1}` }
    $defs[`d${level}`] = { [keyword]: [next, next] }
  }
  return { $ref: '#/$defs/d0', $defs }
}

const tookMs = (action: () => void) => {
  const started = performance.now()
  action()
  return performance.now() - started
}

test.each<[string, JsonValue]>([
  ['anyOf', 1],
  ['oneOf', 'x'],
  ['oneOf', 1],
  ['allOf', 'x'],
])('case 152: an exponential %s ends with an issue instead of hanging', (keyword, value) => {
  const compiled = compileSchema(doubling(keyword, 40))
  compiled.validate(value)
  const ms = tookMs(() => {
    expect(compiled.validate(value)).toEqual([
      { pointer: '', message: expect.stringContaining('too much work') },
    ])
  })
  expect(ms).toBeLessThan(500)
})

test('a "not" does not turn an unfinished validation into a valid one', () => {
  const schema = { not: { $ref: '#/$defs/d0' }, $defs: doubling('anyOf', 40).$defs ?? {} }
  expect(compileSchema(schema).validate(1)[0]?.message).toContain('too much work')
})

test('an array of a hundred thousand objects is an ordinary value', () => {
  const item = { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } }
  const compiled = compileSchema({ type: 'array', items: item })
  const value: JsonValue[] = Array.from({ length: 100_000 }, (_, id) => ({ id }))
  expect(compiled.validate(value)).toEqual([])
  value[99_999] = { id: 'x' }
  expect(compiled.validate(value).map(({ pointer }) => pointer)).toEqual(['/99999/id'])
})

test('uniqueItems takes one pass', () => {
  const compiled = compileSchema({ uniqueItems: true })
  const value: JsonValue[] = Array.from({ length: 20_000 }, (_, index) => ({ index }))
  expect(compiled.validate(value)).toEqual([])
  value.push({ index: 7 })
  expect(compiled.validate(value)).toHaveLength(1)
})

test('a value nested far deeper than parseJson allows is an issue, not a stack overflow', () => {
  let value: JsonValue = 1
  for (let level = 0; level < 100_000; level++) value = [value]
  const compiled = compileSchema({ items: { $ref: '#' } })
  expect(compiled.validate(value)[0]?.message).toContain('too much work')
  expect(compileSchema({ const: 1 }).validate(value)[0]?.message).toContain('too much work')
})

test('the longest chain of schemas and the deepest value fit the stack together', () => {
  const $defs: JsonObject = { d48: { properties: { a: { $ref: '#/$defs/d0' } } } }
  for (let level = 0; level < 48; level++) {
    $defs[`d${level}`] = { allOf: [{ $ref: `#/$defs/d${level + 1}` }] }
  }
  let value: JsonValue = {}
  for (let level = 0; level < 63; level++) value = { a: value }
  expect(compileSchema({ $ref: '#/$defs/d0', $defs }).validate(value)).toEqual([])
})

test.each<[string, JsonObject]>([
  ['names', { items: { not: { required: Array.from({ length: 20_000 }, (_, i) => `n${i}`) } } }],
  ['branches', { items: { allOf: Array.from({ length: 1_900 }, () => true) } }],
  ['visits', { allOf: Array.from({ length: 900 }, () => ({ items: true })) }],
])('case 152: a schema of many %s pays for them with every item', (_, schema) => {
  const value: JsonValue[] = Array.from({ length: 20_000 }, () => ({}))
  expect(compileSchema(schema).validate(value)).toEqual([
    { pointer: '', message: expect.stringContaining('too much work') },
  ])
})
