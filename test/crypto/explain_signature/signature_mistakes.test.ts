import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { requestId } from '../../executor/sign_fixture.ts'
import {
  checkOf,
  explain,
  type Given,
  hex,
  hmac,
  now,
  secret,
  sent,
  signed,
  tng2,
  wordsOf,
} from './explain_fixture.ts'

const hexSecret = '7365637265742d6f662d746869732d746f6f6c'

/** What is to be named, the signature presented, and what it is presented for unless as sent. */
type Row = readonly [cause: string, signature: string, given?: Given]

const value = JSON.parse(String(sent.body))
const python = JSON.stringify(value)
  .replaceAll('":', '": ')
  .replaceAll(',', ', ')
  .replaceAll('ü', '\\u00fc')
const sorted = '{"a":[1,{"b":"<&>","z":true}],"contact_id":"ü/1","e":{},"l":[],"n":null}'
const { body } = sent
const text = String(body)

const bodies: readonly Row[] = [
  ['the body parsed and written again as compact JSON. ', signed(), { body: python }],
  ['the body parsed and written again as compact JSON. ', signed(), { body: ` ${text}` }],
  [
    'JSON with a space after each comma and colon. ',
    signed({ body: python.replace('\\u00fc', 'ü') }),
  ],
  ['with a space after each comma and colon, all but ASCII escaped. ', signed({ body: python })],
  ['indented JSON. ', signed({ body: JSON.stringify(value, null, 2) })],
  ['compact JSON, keys sorted. ', signed({ body: sorted })],
  [
    'compact JSON, slashes and all but ASCII escaped. ',
    signed({ body: text.replace('ü', '\\u00fc').replace('/', '\\/') }),
  ],
  [
    'compact JSON, keys sorted, <, > and & escaped. ',
    signed({ body: sorted.replace('<&>', '\\u003c\\u0026\\u003e') }),
  ],
  ['the body without the newline at its end. ', signed(), { body: `${text}\n` }],
  ['the body without the newline at its end. ', signed(), { body: `${text}\r\n` }],
  ['the body with a newline at its end. ', signed({ body: `${text}\n` })],
  ['the body with a CRLF at its end. ', signed({ body: `${text}\r\n` })],
  ['the body with LF line ends. ', signed({ body: 'a\nb\n' }), { body: 'a\r\nb\r\n' }],
  ['the body with CRLF line ends. ', signed({ body: 'a\r\nb' }), { body: 'a\nb' }],
  ['an empty body in place of the one given. ', signed({ body: '' })],
  ['an empty body in place of the one given. ', signed({ body: '' }), { body: '{}' }],
  ['an empty body in place of the one given. ', signed({ body: '' }), { body: 'null' }],
  ['{} in place of the empty body. ', signed({ body: '{}' }), { body: '' }],
  ['null in place of the empty body. ', signed({ body: 'null' }), { body: '' }],
  ['the body written as a JSON string. ', signed({ body: JSON.stringify(body) })],
  ['read as Latin-1 and written as UTF-8. ', signed({ body: text.replace('ü', 'Ã¼') })],
  ['read as UTF-8 and written as Latin-1. ', signed({ body: Buffer.from(text, 'latin1') })],
]

const targets: readonly Row[] = [
  ['the path without its query. ', signed({ target: '/v1/contacts/a%20b/c' })],
  ['the path and query percent-decoded. ', signed({ target: '/v1/contacts/a b/c?x=1&tag=y/z' })],
  ['the path percent-decoded. ', signed({ target: '/v1/contacts/a b/c?x=1&tag=y%2Fz' })],
  ['decoded like a form. ', signed({ target: '/a?q=x y' }), { target: '/a?q=x+y' }],
  ['percent-encoded. ', signed({ target: '/a%20%C3%BC/b' }), { target: '/a ü/b' }],
  ['percent-encoded. ', signed({ target: '/a%27%28' }), { target: "/a'(" }],
  ['without +. ', signed({ target: '/a%21?q=x%20y' }), { target: '/a!?q=x+y' }],
  ['%20 in place of +. ', signed({ target: '/a!?q=x%20y' }), { target: '/a!?q=x+y' }],
  ['+ in place of %20. ', signed({ target: '/a?q=x+y' }), { target: '/a?q=x%20y' }],
  ['percent-escapes in lower case. ', signed({ target: sent.target.replace('%2F', '%2f') })],
  ['percent-escapes in upper case. ', signed(), { target: sent.target.replace('%2F', '%2f') }],
  ['with a slash at its end. ', signed({ target: '/a/?x=1' }), { target: '/a?x=1' }],
  ['without the slash at its end. ', signed({ target: '/a?x=1' }), { target: '/a/?x=1' }],
  ['without the slash at its start. ', signed({ target: 'a?x=1' }), { target: '/a?x=1' }],
  ['with double slashes made single. ', signed({ target: '/a/b' }), { target: '//a//b' }],
  ['with scheme and host. ', signed({ target: `https://api.example.com${sent.target}` })],
  [
    'without scheme and host. ',
    signed(),
    { target: `https://api.example.com${sent.target}`, baseUrl: null },
  ],
  ['without the fragment. ', signed(), { target: `${sent.target}#top` }],
  ['the query in sorted order. ', signed({ target: '/a?a=1&b=2' }), { target: '/a?b=2&a=1' }],
  ['the path with a ? after it. ', signed({ target: '/a?' }), { target: '/a' }],
  ['the path without /api. ', signed({ target: '/v1/a?x=1' }), { target: '/api/v1/a?x=1' }],
  ['the path without /api/crm. ', signed({ target: '/v1/a' }), { target: '/api/crm/v1/a' }],
]

const stamps: readonly Row[] = [
  ['the method in lower case. ', signed({ method: 'post' })],
  ['the method in upper case. ', signed(), { method: 'post' }],
  ['the method PUT. ', signed({ method: 'PUT' })],
  ['the timestamp in milliseconds. ', signed({ timestamp: `${now}000` })],
  ['the timestamp in seconds. ', signed(), { timestamp: `${now}123` }],
  ['the timestamp as a decimal number. ', signed({ timestamp: `${now}.0` })],
  ['in whole Unix seconds. ', signed(), { timestamp: `${now}.25` }],
  ['in whole Unix seconds. ', signed(), { timestamp: new Date(now * 1000).toISOString() }],
  ['the timestamp without white space. ', signed(), { timestamp: ` ${now}` }],
  ['the request id in upper case. ', signed({ requestId: requestId.toUpperCase() })],
  ['the request id in lower case. ', signed(), { requestId: requestId.toUpperCase() }],
  ['the request id without hyphens. ', signed({ requestId: requestId.replaceAll('-', '') })],
  ['the request id without white space. ', signed(), { requestId: `${requestId}\n` }],
]

const words = wordsOf(sent)
const head = words.slice(0, -1).join(' ')
const sha256 = createHash('sha256').update(body).digest()

const lines: readonly Row[] = [
  ['a line that does not begin with "tng2 ". ', tng2(hmac(words.slice(1).join(' ')))],
  ['newlines between the parts of the line. ', tng2(hmac(words.join('\n')))],
  ['nothing between the parts of the line. ', tng2(hmac(words.join('')))],
  ['full stops between the parts of the line. ', tng2(hmac(words.join('.')))],
  ['colons between the parts of the line. ', tng2(hmac(words.join(':')))],
  ['bars between the parts of the line. ', tng2(hmac(words.join('|')))],
  ['a newline after the line. ', tng2(hmac(`${words.join(' ')}\n`))],
  ['in upper-case hex. ', tng2(hmac(`${head} ${hex(body).toUpperCase()}`))],
  ['the SHA-256 of the body in base64. ', tng2(hmac(`${head} ${sha256.toString('base64')}`))],
  ['of the body in base64url. ', tng2(hmac(`${head} ${sha256.toString('base64url')}`))],
  ['the body itself in place of its SHA-256. ', tng2(hmac(`${head} ${body}`))],
  ['the body alone. ', tng2(hmac(String(body)))],
]

const keys: readonly Row[] = [
  ['a newline after the secret. ', signed({}, `${secret}\n`)],
  ['a CRLF after the secret. ', signed({}, `${secret}\r\n`)],
  ['the secret in quotes. ', signed({}, `"${secret}"`)],
  ['the secret without the spaces around it. ', signed(), { secrets: [` ${secret} `] }],
  ['the secret decoded from base64. ', signed({}, Buffer.from(secret, 'base64'))],
  ['from hex. ', signed({}, Buffer.from(hexSecret, 'hex')), { secrets: [hexSecret] }],
  ['the secret written in base64. ', signed({}, Buffer.from(secret).toString('base64'))],
  ['the secret written in hex. ', signed({}, Buffer.from(secret).toString('hex'))],
]

// Every row is complete: Bun takes a missing argument for the callback of an old-style test.
const rows = [...bodies, ...targets, ...stamps, ...lines, ...keys].map(
  ([cause, signature, given = {}]) => [cause, signature, given] as const,
)

describe('a well-known mistake is named', () => {
  test.each(rows)('%s', (cause, signature, given) => {
    const found = explain(signature, given)
    expect(found.matches).toBe(false)
    expect(found.likelyCause).toStartWith('The signature matches with ')
    expect(found.likelyCause).toContain(cause)
    expect(checkOf(found, 'current_secret')?.ok).toBe(false)
  })

  test.each(rows)('and not where the secret is another: %s', (_, signature, given) => {
    const found = explain(signature, { ...given, secrets: ['another-secret'] })
    expect(found).toMatchObject({ matches: false, likelyCause: null })
    expect(checkOf(found, 'current_secret')).toMatchObject({
      ok: false,
      message: expect.stringContaining('no known mistake explains it'),
    })
  })

  test('so are two at once, about different parts', () => {
    const both = signed({ target: '/v1/contacts/a%20b/c', body: python })
    expect(explain(both).likelyCause).toBe(
      'The signature matches with the body parsed and written again as JSON with a space after each ' +
        'comma and colon, all but ASCII escaped, and with the path without its query. Take the raw ' +
        'bytes of the body, before anything parses them. Take path and query as they stand in the ' +
        'request line.',
    )
    const line = tng2(hmac([...words.slice(1, -1), hex(`${text}\n`)].join('\n')))
    // Three are too many to guess.
    expect(explain(line).likelyCause).toBeNull()
  })

  test('one is preferred to two', () => {
    const found = explain(signed({ body: '' }), { body: '{}\n' })
    expect(found.likelyCause).toContain('an empty body in place of the one given. ')
  })

  test('of both secrets of a rotation', () => {
    const secrets = ['the-newer-secret', secret]
    const found = explain(signed({ body: `${text}\n` }), { secrets })
    expect(found.matches).toBe(false)
    expect(found.likelyCause).toContain('the body with a newline at its end')
  })
})

test('a body that is not JSON, or too large to write anew, is explained all the same', () => {
  for (const raw of [Buffer.from([0xff, 0xfe, 0]), Buffer.alloc(1_000_000, '[')]) {
    const found = explain(signed({ body: raw, method: 'post' }), { body: raw })
    expect(found.likelyCause).toContain('the method in lower case')
    expect(explain(signed({ body: raw }), { body: raw }).matches).toBe(true)
  }
})
