import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Redactor, redactorOf, redactSecrets } from '../../src/executor/redact.ts'

const secret = 'sk+live/7f"3~a b&ü<9>'

describe('cases 156, 202, 251: a secret that comes back is taken out, in whatever form it comes', () => {
  const bytes = Buffer.from(secret)
  const forms: Record<string, string> = {
    'as it is': secret,
    base64: bytes.toString('base64'),
    base64url: bytes.toString('base64url'),
    'base64 after one byte': Buffer.from(`:${secret}`).toString('base64'),
    'base64 within Basic credentials': Buffer.from(`user:${secret}:x`).toString('base64'),
    'percent-encoded': encodeURIComponent(secret),
    'percent-encoded in lower case': encodeURIComponent(secret).toLowerCase(),
    'form-encoded': new URLSearchParams({ s: secret }).toString().slice(2),
    'in JSON': JSON.stringify({ secret }),
    'in JSON with escaped slashes': JSON.stringify({ secret }).replaceAll('/', '\\/'),
    'in ASCII-only JSON': JSON.stringify({ secret }).replaceAll('ü', '\\u00fc'),
    'in HTML': 'sk+live/7f&quot;3~a b&amp;ü&lt;9&gt;',
    hexadecimal: bytes.toString('hex'),
    'hexadecimal in capitals': bytes.toString('hex').toUpperCase(),
  }
  for (const [name, form] of Object.entries(forms)) {
    test(name, () => {
      const clean = redactSecrets(`before ${form} between ${form} after`, ['other-secret', secret])
      expect(clean).toContain('[redacted]')
      expect(clean.match(/\[redacted\]/g)).toHaveLength(2)
      expect(clean).toStartWith('before ')
      expect(clean).toEndWith(' after')
      for (const part of ['sk+live', 'live/7f', Buffer.from('live/7f').toString('hex')]) {
        expect(clean.toLowerCase()).not.toContain(part)
      }
    })
  }

  test('within bytes too, without moving a byte', () => {
    const redactor = new Redactor([secret])
    const before = Buffer.concat([Buffer.from([0, 1]), bytes, Buffer.from([2]), bytes])
    const after = redactor.redactBytes(before)
    expect(after.length).toBe(before.length)
    expect(after.includes('live')).toBe(false)
    expect(before.includes('live')).toBe(true)
    const clean = Buffer.from('nothing here')
    expect(redactor.redactBytes(clean)).toBe(clean)
  })

  test('the password of user:password alone', () => {
    expect(redactSecrets('x hunter22222 y', ['someone:hunter22222'])).toBe('x [redacted] y')
  })

  test('one that holds another, whole', () => {
    expect(redactSecrets('abcdefgh-longer', ['abcdefgh', 'abcdefgh-longer'])).toBe('[redacted]')
  })

  test('one with characters that mean something in a pattern', () => {
    expect(redactSecrets('a$&(.*)+?^|b', ['a$&(.*)+?^|b'])).toBe('[redacted]')
  })
})

test('text without a secret stays the very same; secrets under eight characters are left alone', () => {
  const text = 'nothing to see'
  expect(redactSecrets(text, [])).toBe(text)
  expect(redactSecrets(text, ['0123456789'])).toBe(text)
  expect(redactSecrets('a short one', ['short', ''])).toBe('a short one')
})

test('a list of secrets is made ready once', () => {
  const secrets = [secret]
  expect(redactorOf(secrets)).toBe(redactorOf(secrets))
  expect(redactorOf([secret])).not.toBe(redactorOf(secrets))
})

test('no secret survives, at whatever place of whatever base64', () => {
  const token = fc.stringMatching(/^[A-Za-z0-9_-]{16,40}$/)
  fc.assert(
    fc.property(token, fc.string(), fc.string(), (hidden, before, after) => {
      const text = Buffer.from(`${before}${hidden}${after}`).toString('base64')
      const clean = redactSecrets(text, [hidden])
      expect(Buffer.from(clean.replaceAll('[redacted]', ''), 'base64').toString()).not.toContain(
        hidden,
      )
      expect(clean).toContain('[redacted]')
    }),
    { numRuns: 300 },
  )
})
