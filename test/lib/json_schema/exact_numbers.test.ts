import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type JsonObject, type JsonValue, parseJson } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'
import { compareNumbers, isMultipleOf } from '../../../src/lib/json_schema/exact_decimal.ts'

const validates = (schema: string, value: string) =>
  compileSchema(parseJson(schema) as JsonObject).validate(parseJson(value)).length === 0

const number = (text: string) => parseJson(text) as number

describe('a number a double cannot hold is compared digit for digit', () => {
  test.each([
    ['{"type":"integer"}', '9007199254740993', true],
    ['{"type":"number"}', '0.1234567890123456789', true],
    ['{"type":"integer"}', '0.1234567890123456789', false],
    ['{"type":"integer"}', '12345678901234567890.000', true],
    ['{"type":"integer"}', '1e400', true],
    ['{"type":"integer"}', '1.0000000000000e-400', false],
    ['{"type":"object"}', '9007199254740993', false],
    ['{"type":"string"}', '9007199254740993', false],
    ['{"maximum":9007199254740992}', '9007199254740993', false],
    ['{"maximum":9007199254740993}', '9007199254740993', true],
    ['{"exclusiveMaximum":9007199254740994}', '9007199254740993', true],
    ['{"minimum":9007199254740993}', '9007199254740992', false],
    ['{"exclusiveMinimum":-9007199254740993}', '-9007199254740993', false],
    ['{"minimum":0}', '1.0000000000000e-400', true],
    ['{"exclusiveMinimum":0}', '1.0000000000000e-400', true],
    ['{"maximum":1e308}', '1e400', false],
    ['{"minimum":-1e400}', '-1e399', true],
    ['{"multipleOf":10}', '90071992547409930', true],
    ['{"multipleOf":10}', '90071992547409931', false],
    ['{"multipleOf":9007199254740993}', '27021597764222979', true],
    ['{"multipleOf":0.1}', '12345678901234567890.5', true],
    ['{"multipleOf":0.1}', '12345678901234567890.55', false],
    ['{"multipleOf":7}', '1e999999999', false],
    ['{"multipleOf":8}', '1e999999999', true],
    ['{"multipleOf":1e999999999}', '1e999999998', false],
    ['{"const":9007199254740993}', '9007199254740993', true],
    ['{"const":9007199254740993}', '9007199254740992', false],
    ['{"const":9007199254740993}', '9007199254740993.0', true],
    ['{"enum":[1,[9007199254740993]]}', '[9007199254740993]', true],
    ['{"enum":[1,[9007199254740993]]}', '[9007199254740992]', false],
    ['{"uniqueItems":true}', '[9007199254740992,9007199254740993]', true],
    ['{"uniqueItems":true}', '[9007199254740993,9007199254740993.00]', false],
    ['{"uniqueItems":true}', '[1e400,10e399]', false],
    ['{"uniqueItems":true}', '[1,1.0]', false],
    ['{"properties":{"a":{"maximum":1}}}', '{"a":18446744073709551616}', false],
    ['{"minProperties":1}', '9007199254740993', true],
    ['{"maxItems":18446744073709551616}', '[1,2]', true],
  ])('%s and %s: %p', (schema, value, isValid) => {
    expect(validates(schema, value)).toBe(isValid)
  })
})

test('the message quotes the digits that were sent', () => {
  const [issue] = compileSchema({ maximum: 5 }).validate(parseJson('12345678901234567890'))
  expect(issue?.message).toBe('Expected a number of at most 5, got 12345678901234567890.')
})

test('comparison agrees with BigInt over decimals of any length', () => {
  const decimal = fc
    .record({
      minus: fc.boolean(),
      whole: fc.bigInt({ min: 0n, max: 10n ** 25n }),
      places: fc.integer({ min: 0, max: 20 }),
    })
    .map(({ minus, whole, places }) => ({
      scaled: (minus ? -whole : whole) * 10n ** BigInt(20 - places),
      text: `${minus ? '-' : ''}${whole}e-${places}`,
    }))
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const expected = a.scaled < b.scaled ? -1 : a.scaled > b.scaled ? 1 : 0
      // Adding 0 makes the 0 of two equal numbers positive: -0 - 0 is -0, and toBe tells them apart.
      expect(Math.sign(compareNumbers(number(a.text), number(b.text))) + 0).toBe(expected)
      if (b.scaled <= 0n) return
      const isMultiple = a.scaled % b.scaled === 0n
      expect(isMultipleOf(number(a.text), number(b.text))).toBe(isMultiple)
    }),
    { numRuns: 2_000 },
  )
})

test('a number of a hundred thousand digits is compared in linear time', () => {
  const value: JsonValue = parseJson(`1${'0'.repeat(50_000)}${'7'.repeat(50_000)}`)
  const schema = { multipleOf: 0.3, minimum: 5, enum: [1], type: 'integer' }
  const started = performance.now()
  expect(compileSchema(schema).validate(value).length).toBeGreaterThan(0)
  expect(performance.now() - started).toBeLessThan(1_000)
})
