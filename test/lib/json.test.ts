import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { decodeUtf8, isExactNumber, type JsonObject, parseJson } from '../../src/lib/json.ts'

const failsWith = (code: string) => expect.objectContaining({ code })

test('any JSON the platform writes reads back as the same value', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      const value = JSON.parse(text)
      if (/"(__proto__|constructor|prototype)"\s*:|\\u0000/.test(text)) return
      if (!text.isWellFormed() || /\\ud[89a-f]/i.test(text)) return
      expect(JSON.parse(JSON.stringify(parseJson(text)))).toEqual(value)
    }),
    { numRuns: 2_000 },
  )
})

test('what the platform calls malformed is malformed here', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      let isJson = true
      try {
        JSON.parse(text)
      } catch {
        isJson = false
      }
      if (!isJson) expect(() => parseJson(text)).toThrow(failsWith('malformed_json'))
    }),
    { numRuns: 3_000 },
  )
})

test.each([
  '',
  ' ',
  '{',
  '[1,]',
  '{"a":1,}',
  '01',
  '1.',
  '.5',
  '+1',
  '1 2',
  'nul',
  '"\t"',
  "'a'",
  '{a:1}',
  '"\\x"',
  'NaN',
  '\ufeff1',
])('is not JSON: %j', (text) => {
  expect(() => parseJson(text)).toThrow(failsWith('malformed_json'))
})

test('case 8: depth is bounded, and half a million levels cost nothing', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  expect(parseJson(nested(64))).toBeArray()
  expect(() => parseJson(nested(65))).toThrow(failsWith('malformed_json'))
  expect(() => parseJson(nested(500_000))).toThrow(failsWith('malformed_json'))
  expect(() => parseJson('{"a":'.repeat(500_000))).toThrow(failsWith('malformed_json'))
})

test('case 9: invalid UTF-8 is an error, never a replacement character', () => {
  expect(decodeUtf8(new TextEncoder().encode('é'))).toBe('é')
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(failsWith('malformed_json'))
  }
})

test('case 10: a repeated key is an error at any level, however it is spelt', () => {
  for (const text of ['{"a":1,"a":2}', '{"x":[{"a":1,"a":1}]}', '{"a":1,"\\u0061":2}']) {
    expect(() => parseJson(text)).toThrow(failsWith('duplicate_key'))
  }
})

test('case 11: digits beyond a double survive unrounded', () => {
  const text =
    '{"a":9007199254740993,"b":-12345678901234567890,"c":1.10000000000000000001,"d":1e400,"f":1e-400,"e":[18446744073709551615]}'
  const value = parseJson(text) as JsonObject
  expect(isExactNumber(value.a)).toBe(true)
  expect(JSON.stringify(value)).toBe(text)
})

test('numbers a double holds are plain numbers', () => {
  for (const text of [
    '0',
    '-1',
    '9007199254740991',
    '0.1',
    '1e10',
    '1.5E-3',
    '100000000000000000000',
  ]) {
    expect(parseJson(text)).toBe(Number(text))
  }
})

test('names of fields are keys of what an import kept, all but __proto__', () => {
  const takes = { takesFieldNames: true }
  expect(parseJson('{"constructor":1,"prototype":2}', takes)).toEqual({
    constructor: 1,
    prototype: 2,
  })
  expect(() => parseJson('{"__proto__":1}', takes)).toThrow(failsWith('forbidden_key'))
})

test('case 12: prototype keys are refused and nothing is polluted', () => {
  for (const key of ['__proto__', 'constructor', 'prototype']) {
    expect(() => parseJson(`{"x":{"${key}":{"polluted":1}}}`)).toThrow(failsWith('forbidden_key'))
  }
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})

test('cases 13 and 14: NUL and lone surrogates are refused in keys and values', () => {
  for (const text of ['"\\u0000"', '{"a\\u0000":1}']) {
    expect(() => parseJson(text)).toThrow(failsWith('nul_character'))
  }
  for (const text of ['"\\ud800"', '{"\\udfff":1}', '"\ud800"']) {
    expect(() => parseJson(text)).toThrow(failsWith('bad_unicode'))
  }
  expect(parseJson('"\\ud83d\\ude00"')).toBe('😀')
})
