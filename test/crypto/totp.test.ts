import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { toBase32 } from '../../src/crypto/base32.ts'
import { hashRecoveryCode, newRecoveryCodes } from '../../src/crypto/recovery_codes.ts'
import { matchTotp, newTotpSecret, otpauthUri, totpCode, totpStep } from '../../src/crypto/totp.ts'

const secret = Buffer.from('12345678901234567890')

describe('RFC 6238 Appendix B, SHA-1, of its eight digits the last six', () => {
  test.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('at %d s', (seconds, code) => {
    expect(totpCode(secret, totpStep(seconds * 1000))).toBe(code.slice(2))
  })
})

describe('RFC 4226 Appendix D', () => {
  test.each(
    [
      '755224',
      '287082',
      '359152',
      '969429',
      '338314',
      '254676',
      '287922',
      '162583',
      '399871',
      '520489',
    ].map((code, count) => [count, code] as const),
  )('count %d', (count, code) => {
    expect(totpCode(secret, count)).toBe(code)
  })
})

describe('a code', () => {
  const nowMs = 1_111_111_111_000
  const now = totpStep(nowMs)

  test.each([
    [-2, null],
    [-1, now - 1],
    [0, now],
    [1, now + 1],
    [2, null],
  ])('of %d half minutes from now belongs to %p', (steps, expected) => {
    expect(matchTotp(secret, totpCode(secret, now + steps), nowMs)).toBe(expected)
  })

  test.each(['', '05047', '0050471', ' 50471', '٠٥٠٤٧١', '0x5047', '050471\n'])(
    'is six digits: %p is none',
    (code) => expect(matchTotp(secret, code, nowMs)).toBeNull(),
  )
})

test('base32 is as RFC 4648 §10 has it, less the padding', () => {
  const vectors = { f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB' }
  for (const [text, expected] of Object.entries({ ...vectors, foobar: 'MZXW6YTBOI', '': '' })) {
    expect(toBase32(Buffer.from(text))).toBe(expected)
  }
})

test('base32 of any bytes reads back bit by bit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const bits = [...toBase32(bytes)]
        .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
        .join('')
      const expected = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
      expect(bits.slice(0, expected.length)).toBe(expected)
    }),
  )
})

test('an app reads the secret, the account and the issuer from the address', () => {
  const uri = otpauthUri(secret, 'anna+x@example.com', 'Gatehouse a.example:8080')
  const url = new URL(uri)
  expect(decodeURIComponent(url.pathname)).toBe('/Gatehouse a.example:8080:anna+x@example.com')
  expect(Object.fromEntries(url.searchParams)).toEqual({
    secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    issuer: 'Gatehouse a.example:8080',
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  })
  expect([uri.startsWith('otpauth://totp/'), newTotpSecret()]).toMatchObject([true, { length: 20 }])
})

describe('recovery codes', () => {
  test('are ten, all different, and known by their hash in any case and grouping', () => {
    const { codes, hashes } = newRecoveryCodes()
    expect(new Set(codes).size).toBe(10)
    for (const [n, code] of codes.entries()) {
      expect(code).toMatch(/^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$/)
      const typed = [code, code.toLowerCase(), code.replaceAll('-', ''), ` ${code} `]
      expect(typed.map(hashRecoveryCode)).toEqual(typed.map(() => hashes[n] ?? ''))
    }
  })

  test.each(['', '123456', 'ABCD-EFGH-IJKL', 'ABCD-EFGH-IJKL-MNO1'])('%p is none', (typed) => {
    expect(hashRecoveryCode(typed)).toBeNull()
  })
})
