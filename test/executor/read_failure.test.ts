import { describe, expect, test } from 'bun:test'
import { readResponse } from '../../src/executor/read_response.ts'
import { failed, read, responseOf, secrets } from './response_fixture.ts'

const json = 'application/json'
const textOf = (text: string) => [{ type: 'text', text }]
const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

describe('an answer outside 200–299 is a failure, told in words', () => {
  test('with its status and an excerpt', () => {
    const failure = failed('{"error":"no such contact"}', { status: 404, type: json })
    expect(failure.code).toBe('upstream_status')
    expect(failure.reason).toBe(
      'The upstream answered 404 Not Found. Its body: {"error":"no such contact"}',
    )
  })

  test('case 194: 401 is the upstream’s own', () => {
    const failure = failed('', { status: 401 })
    expect([failure.code, failure.status]).toEqual(['upstream_status', 502])
    expect(failure.reason).toBe('The upstream answered 401 Unauthorized.')
  })

  test('case 166: a redirect names where it points, and that nobody went there', () => {
    const failure = failed('', {
      status: 302,
      headers: { location: 'https://evil.example/\u202e' },
    })
    expect(failure.code).toBe('upstream_redirect')
    expect(failure.reason).toBe(
      'The upstream answered 302 Found. It redirects to https://evil.example/; redirects are not followed.',
    )
    expect(failed('', { status: 301 }).reason).toContain('without a Location')
    expect(failed('', { status: 304 }).code).toBe('upstream_status')
  })

  test('case 195: Retry-After is passed on', () => {
    const failure = failed('', { status: 429, headers: { 'retry-after': '30' } })
    expect(failure.reason).toBe('The upstream answered 429 Too Many Requests. Retry-After: 30.')
  })

  test('case 285: the excerpt is bounded, one line, and holds nothing that cannot be seen', () => {
    const body = `a\u0000\u001b[31mb\r\n\tc\u202ed\u200be\u{e0041}f ${'ü😀'.repeat(2_000)}`
    const { reason = '' } = failed(body, { status: 500, type: 'text/html' })
    expect(reason).toStartWith(
      'The upstream answered 500 Internal Server Error. Its body: a [31mb c d e f ü😀',
    )
    expect([...reason].length).toBeLessThan(1_100)
    expect(reason).toEndWith('…')
    expect(reason.isWellFormed()).toBe(true)
  })

  test('a binary body is only described, and an unknown status has no name', () => {
    const failure = failed(png, { status: 599, type: 'image/png' })
    expect(failure.reason).toBe('The upstream answered 599. Its body: 16 bytes of image/png')
  })
})

describe('cases 156, 202: a secret that is echoed reaches nobody', () => {
  const [secret = ''] = secrets
  test('in JSON, which stays JSON', () => {
    const output = read(JSON.stringify({ authorization: `Bearer ${secret}` }), { type: json })
    expect(output.structuredText).toBe('{"authorization":"Bearer [redacted]"}')
    expect(output.content).toEqual(textOf('{"authorization":"Bearer [redacted]"}') as never)
  })

  test('as a bare JSON number, which then is JSON no more', () => {
    const response = responseOf('{"a":12345678901}', { type: json })
    const output = readResponse(response, { runId: 'r', secrets: ['12345678901'] })
    expect(output).toMatchObject({ kind: 'text', structuredText: null, flaw: 'invalid_json' })
    expect(JSON.stringify(output)).not.toContain('12345678901')
  })

  test('in text, in a part, in bytes, in an error and in a Location', () => {
    const multipart = `--b\r\ncontent-type: text/plain\r\n\r\n${secret}\r\n--b--\r\n`
    const outputs = [
      read(secret, { type: 'text/plain' }),
      read(multipart, { type: 'multipart/mixed; boundary=b' }),
      read(Buffer.from(`\0${secret}`), { type: 'application/octet-stream' }),
    ].map((output) => JSON.stringify(output))
    const failures = [
      failed(`you sent ${secret}`, { status: 400, type: 'text/plain' }),
      failed(`${'x'.repeat(995)}${secret}`, { status: 400, type: 'text/plain' }),
      failed('', { status: 302, headers: { location: `/?key=${secret}` } }),
      failed('', { status: 503, headers: { 'retry-after': secret } }),
    ].map((failure) => failure.reason ?? '')
    for (const shown of [...outputs, ...failures]) {
      expect(shown).not.toContain('sk-live')
      expect(shown).not.toContain(Buffer.from(secret).toString('base64').slice(0, 12))
    }
  })
})
