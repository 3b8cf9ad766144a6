import '../helpers/property_seed.ts'
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { canonicalJson } from '../../src/lib/canonical_json.ts'
import { type JsonValue, parseJson } from '../../src/lib/json.ts'

test('sorts the keys of every object by UTF-16 code unit, and of nothing else', () => {
  const value = parseJson('{"b":[3,{"z":1,"a":2}],"10":1,"9":2,"ä":3,"":4,"B":5}')
  expect(canonicalJson(value)).toBe('{"":4,"10":1,"9":2,"B":5,"b":[3,{"a":2,"z":1}],"ä":3}')
})

test('keeps every digit of a number', () => {
  const value = parseJson('{"a":9007199254740993,"b":1.0,"c":0.1}')
  expect(canonicalJson(value)).toBe('{"a":9007199254740993,"b":1,"c":0.1}')
})

/** The same value, the keys of every object in another order. */
function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item as JsonValue)]),
  )
}

test('equal values have equal text that parses to the same, unequal ones do not', () => {
  const json = fc
    .jsonValue({ maxDepth: 4 })
    .filter((value) => !JSON.stringify(value).includes('__proto__'))
  fc.assert(
    fc.property(json, json, (one, other) => {
      const text = canonicalJson(one as JsonValue)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(one)))
      expect(canonicalJson(reversed(one as JsonValue))).toBe(text)
      const isSame = Bun.deepEquals(
        JSON.parse(JSON.stringify(one)),
        JSON.parse(JSON.stringify(other)),
      )
      expect(canonicalJson(other as JsonValue) === text).toBe(isSame)
    }),
    { numRuns: 300 },
  )
})
