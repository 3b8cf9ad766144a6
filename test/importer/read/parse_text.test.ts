import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { jsonErrorPlace } from '../../../src/importer/read/json_error.ts'
import { parseText } from '../../../src/importer/read/parse_text.ts'

const value = (text: string) => parseText(text).value

const texts: readonly (readonly [string, string])[] = [
  ['numeric keys', 'responses:\n  200: {a: 1}\n  "404": {}\n  5XX: {}\n'],
  ['words that YAML 1.1 takes for booleans', 'a: yes\nb: on\nc: No\nd: y\n'],
  ['dates', 'a: 2020-01-01\nb: 2001-12-14T21:59:43Z\n'],
  ['nothing', 'a:\nb: ~\nc: null\nd: ""\n'],
  ['octal, hex and leading zeros', 'a: 0o17\nb: 0x1F\nc: "017"\n'],
  ['block scalars', 'a: |\n  x\n   y\n\nb: >-\n  x\n  y\n\n  z\nc: |+\n  k\n\n'],
  ['a document start, a comment and an end', '%YAML 1.2\n---\na: 1 # one\n...\n'],
  ['line ends of Windows', 'a: 1\r\nb:\r\n  - x\r\n  - y\r\n'],
  ['aliases', 'x: &x {a: 1}\ny: *x\nz: [*x, *x]\n'],
  ['quotes', "a: 'it''s'\nb: \"\\u00e9\\n\\x41\"\nc: {\"a b\": 'c'}\n"],
  ['hashes and colons within words', 'a: x#y\nb: http://x:80/y\nc: "#/a"\n'],
  ['lists without indent', 'a:\n- b: 1\n  c: 2\n- d\n'],
  ['flow over lines', 'a: [1,\n  2]\nb: {c: 3,\n  d: 4}\n'],
]

describe('parseText', () => {
  test.each(texts)('reads YAML as the reference parser does: %s', (_name, text) => {
    expect(value(text)).toEqual(parse(text))
  })

  test('reads what YAML wrote of any JSON', () => {
    const property = fc.property(fc.jsonValue({ maxDepth: 3 }), (json) => {
      const plain = JSON.parse(JSON.stringify({ json }).replaceAll('__proto__', 'proto'))
      expect(value(JSON.stringify(plain))).toEqual(plain)
      expect(value(Bun.YAML.stringify(plain, null, 2))).toEqual(plain)
    })
    fc.assert(property, { numRuns: 200, interruptAfterTimeLimit: 5_000 })
  })

  test('takes merge keys as YAML 1.1 has them', () => {
    const text = 'a: &a {x: 1, y: 1}\nb:\n  <<: *a\n  y: 2\n'
    expect(value(text)).toEqual(parse(text, { merge: true }))
  })

  test('keeps shared what YAML aliases share', () => {
    const { y, z } = value('x: &x {a: 1}\ny: *x\nz: *x\n') as Record<string, unknown>
    expect(y).toBe(z)
  })

  test('takes the last of repeated keys, as JSON.parse does', () => {
    expect(value('a: 1\na: 2\n')).toEqual({ a: 2 })
    expect(value('{"a": 1, "a": 2}')).toEqual({ a: 2 })
  })

  test('takes __proto__ members out at any depth and says how many', () => {
    const parsed = parseText('{"a": {"__proto__": {"b": 1}}, "__proto__": 2, "constructor": 3}')
    expect(parsed.value).toEqual({ a: {}, constructor: 3 })
    expect(parsed.reservedKeys).toBe(2)
    expect(Object.getPrototypeOf(parsed.value)).toBe(Object.prototype)
  })
})

describe('jsonErrorPlace', () => {
  test('finds no error in what JSON.parse takes', () => {
    const property = fc.property(fc.json(), fc.constantFrom(0, 1, '\t'), (json, space) => {
      expect(jsonErrorPlace(JSON.stringify(JSON.parse(json), null, space))).toBeNull()
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('finds an error exactly where JSON.parse fails, in text changed at any place', () => {
    const property = fc.property(
      fc.json(),
      fc.nat(),
      fc.string({ maxLength: 2 }),
      (json, at, put) => {
        const start = at % (json.length + 1)
        const text = json.slice(0, start) + put + json.slice(start)
        expect(jsonErrorPlace(text) === null).toBe(parsesAsJson(text))
      },
    )
    fc.assert(property, { numRuns: 1_000, interruptAfterTimeLimit: 5_000 })
  })
})

function parsesAsJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
