import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readCompactJws } from '../../src/crypto/compact_jws.ts'
import { rawJws } from '../helpers/assertions.ts'

const header = { alg: 'ES256', kid: 'k' }
const signature = Buffer.alloc(64, 1)
const good = rawJws(header, { sub: 'alice' }, signature)
const faultOf = (token: string) => {
  const read = readCompactJws(token)
  return 'fault' in read ? read.fault : null
}

const parts = 'It is not three base64url parts joined by dots.'
const base64url = 'A part is not base64url.'
const badHeader = 'Its header is not a strict JSON object.'
const badPayload = 'Its payload is not a strict JSON object.'
const critical = 'Its header has crit or b64.'

describe('a compact JWS', () => {
  test('is taken apart into its header and payload', () => {
    expect(readCompactJws(good)).toEqual({ header, payload: { sub: 'alice' } })
    // Whether it is signed at all is asked where the algorithm is known.
    expect(readCompactJws(rawJws(header, {}, ''))).toEqual({ header, payload: {} })
  })

  const faults: readonly [string, string, string][] = [
    ['nothing', '', parts],
    ['two parts', good.replace(/\.[^.]*$/, ''), parts],
    ['four parts', `${good}.`, parts],
    ['case 85: five parts, a JWE', 'a.b.c.d.e', parts],
    ['no header', good.replace(/^[^.]*/, ''), parts],
    ['case 71: no payload, a detached one', good.replace(/\.[^.]*\./, '..'), parts],
    ['case 85: padding', `${good}=`, parts],
    ['case 83: a space after', `${good} `, parts],
    ['case 83: a newline after', `${good}\n`, parts],
    ['a space inside', good.replace('.', '. '), parts],
    ['base64 with + and /', rawJws(header, {}, '').replace(/\.$/, '.+/+/'), parts],
    ['letters that look alike', good.replace('e', 'е'), parts],
    ['case 83: bits after the last byte', rawJws(header, {}, '').replace(/\.$/, '.AB'), base64url],
    ['a single character', `${good.replace(/[^.]*$/, '')}A`, base64url],
    ['a header that is a list', rawJws('[]', {}, signature), badHeader],
    ['a header that repeats a name', rawJws('{"a":1,"a":1}', {}, signature), badHeader],
    ['a header of bad UTF-8', rawJws(Buffer.from([0x7b, 0xff, 0x7d]), {}, signature), badHeader],
    ['a payload that is text', rawJws(header, '"x"', signature), badPayload],
    ['case 81: a payload that repeats a name', rawJws(header, '{"a":1,"a":1}', ''), badPayload],
    ['case 82: __proto__', rawJws(header, '{"__proto__":{}}', signature), badPayload],
    ['case 13: NUL', rawJws(header, '{"a":"\\u0000"}', signature), badPayload],
    ['case 14: a lone surrogate', rawJws(header, '{"a":"\\ud800"}', signature), badPayload],
    [
      'case 8: 65 levels',
      rawJws(header, `{"a":${'['.repeat(64)}${']'.repeat(64)}}`, ''),
      badPayload,
    ],
    ['a BOM', rawJws(header, '\ufeff{}', signature), badPayload],
    ['case 71: crit', rawJws({ ...header, crit: ['exp'] }, {}, signature), critical],
    ['case 71: crit without content', rawJws({ ...header, crit: null }, {}, signature), critical],
    ['case 71: b64', rawJws({ ...header, b64: true }, {}, signature), critical],
  ]

  test.each(faults)('is refused with %s', (_, token, fault) => {
    expect(faultOf(token)).toBe(fault)
  })
})

test('any object comes back as it was written (1,000 tokens)', () => {
  const key = fc
    .string()
    .filter((each) => !['__proto__', 'constructor', 'prototype'].includes(each))
  const object = fc.dictionary(
    key.filter((each) => !each.includes('\0')),
    plainJson(),
  )
  fc.assert(
    fc.property(object, fc.uint8Array({ maxLength: 80 }), (payload, bytes) => {
      // -0 is not told from 0 in JSON.
      const json = JSON.stringify(payload)
      expect(JSON.stringify(readCompactJws(rawJws(header, json, bytes)))).toBe(
        JSON.stringify({ header, payload: JSON.parse(json) }),
      )
    }),
    { numRuns: 1000 },
  )
})

function plainJson(): fc.Arbitrary<unknown> {
  const text = fc.string().filter((each) => !each.includes('\0'))
  const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null))
  return fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.record({ a: leaf, b: leaf }))
}

test('no text is too odd for an answer (2,000 texts)', () => {
  const letter = fc.constantFrom(...'Aa0-_.=+/ \n\r\0{}"é')
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: letter, maxLength: 40 }),
    fc
      .tuple(fc.nat(good.length), letter)
      .map(([at, c]) => good.slice(0, at) + c + good.slice(at + 1)),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const read = readCompactJws(text)
      expect('fault' in read || ('header' in read && 'payload' in read)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('case 83: two texts that are both well-formed never stand for the same bytes', () => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (const length of [61, 62, 63, 64]) {
    const token = rawJws(header, { sub: 'alice' }, Buffer.alloc(length, 7))
    const bytes = new Set<string>()
    let wellFormed = 0
    for (const last of digits) {
      const other = token.slice(0, -1) + last
      if (faultOf(other) !== null) continue
      wellFormed++
      bytes.add(Buffer.from(other.split('.')[2] ?? '', 'base64url').toString('hex'))
    }
    expect(wellFormed).toBeGreaterThan(0)
    expect(bytes.size).toBe(wellFormed)
  }
})
