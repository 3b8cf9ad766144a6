import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { AppError } from '../../src/errors.ts'
import { parseBaseUrl } from '../../src/model/base_url.ts'
import { parseEgressEntry } from '../../src/model/egress_entry.ts'

const entries = (...texts: string[]) => texts.map(parseEgressEntry)

const refusal = (text: string, ...allowed: string[]): AppError => {
  try {
    parseBaseUrl(text, entries(...allowed))
  } catch (error) {
    return error as AppError
  }
  throw new Error(`${text} was accepted`)
}

describe('case 141: base_url is an origin and nothing more', () => {
  test.each([
    'https://api.example.com/v1',
    'https://api.example.com//',
    'https://api.example.com?x=1',
    'https://api.example.com/?x=1',
    'https://api.example.com#top',
    'https://user@api.example.com',
    'https://user:secret@api.example.com',
    'https://api.example.com@evil.example',
    'https://:443@evil.example',
    'https://api.example.com\\@evil.example',
    'https:\\\\api.example.com',
    'https:/api.example.com',
    'https:api.example.com',
    ' https://api.example.com',
    'https://api.example.com ',
    'https://api.exam\tple.com',
    'https://api.example.com\n',
    'https://api.example.com\0',
    'https://api example.com',
    'api.example.com',
    '//api.example.com',
    '',
  ])('%p is refused as no origin', (text) => {
    expect(refusal(text).code).toBe('base_url_not_origin')
  })

  test('the message is the one the contract gives', () => {
    expect(refusal('https://a.example/x').message).toBe('base_url must be origin-only (no paths)')
    expect(refusal('http://a.example').message).toBe('base_url must use HTTPS')
  })
})

describe('case 172: only https, and http where an entry names it', () => {
  test.each([
    'http://api.example.com',
    'HTTP://api.example.com',
    'http://127.0.0.1:3000',
    'file:///etc/passwd',
    'unix:/var/run/docker.sock',
    'http+unix://%2Fvar%2Frun%2Fdocker.sock',
    'data:text/plain,x',
    's3://bucket',
    'blob:https://api.example.com/1',
    'ftp://api.example.com',
    'ws://api.example.com',
    'javascript:alert(1)',
    'gopher://api.example.com',
  ])('%p is refused', (text) => {
    expect(refusal(text).code).toBe('base_url_not_https')
  })

  test('plain HTTP goes to exactly the place an entry names', () => {
    const allowed = entries('http://127.0.0.1:3000', 'http://crm.internal')
    expect(parseBaseUrl('http://127.0.0.1:3000/', allowed)).toEqual({
      origin: 'http://127.0.0.1:3000',
      scheme: 'http',
      host: '127.0.0.1',
      port: 3000,
      isIpLiteral: true,
    })
    expect(parseBaseUrl('http://CRM.internal:80', allowed).origin).toBe('http://crm.internal')
    for (const text of ['http://127.0.0.1:3001', 'http://127.0.0.2:3000', 'http://x.internal']) {
      expect(refusal(text, 'http://127.0.0.1:3000', 'crm.internal').code).toBe('base_url_not_https')
    }
  })

  test('the refusal names the flag that would open it', () => {
    const { reason } = refusal('http://crm.internal:3000')
    expect(reason).toContain('--egress-allow http://crm.internal:3000')
  })
})

describe('cases 158, 173: one place has one origin, however it is written', () => {
  test.each([
    ['https://api.example.com', 'https://api.example.com'],
    ['HTTPS://API.Example.COM:443/', 'https://api.example.com'],
    ['https://api.example.com.', 'https://api.example.com'],
    ['https://api.example.com:08443', 'https://api.example.com:8443'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://ｅｘａｍｐｌｅ.com', 'https://example.com'],
    ['https://127.0.0.1', 'https://127.0.0.1'],
    ['https://127.0.0.1.', 'https://127.0.0.1'],
    ['https://127.1', 'https://127.0.0.1'],
    ['https://2130706433', 'https://127.0.0.1'],
    ['https://0x7f.1', 'https://127.0.0.1'],
    ['https://0177.0.0.1', 'https://127.0.0.1'],
    ['https://１２７.0.0.1', 'https://127.0.0.1'],
    ['https://127。0。0。1', 'https://127.0.0.1'],
    ['https://%31%32%37.0.0.1', 'https://127.0.0.1'],
    ['https://[::ffff:127.0.0.1]', 'https://127.0.0.1'],
    ['https://[2001:DB8:0::1]:8443', 'https://[2001:db8::1]:8443'],
  ])('%s is %s', (text, origin) => {
    const base = parseBaseUrl(text)
    expect(base.origin).toBe(origin)
    expect(parseBaseUrl(base.origin)).toEqual(base)
  })
})

describe('cases 173, 174: hosts that lead to no one place are refused', () => {
  test.each([
    'https://internal',
    'https://localhost',
    'https://localhost.',
    'https://my_host.example.com',
    'https://[fe80::1%25eth0]',
    'https://[fe80::1%eth0]',
    'https://a..b',
    'https://example.com..',
    'https://.example.com',
    'https://-a.example',
    'https://*.example.com',
    'https://256.1.1.1',
    'https://[::1',
    'https://[not-an-address]',
    'https://:443',
    `https://${'a'.repeat(64)}.example`,
    `https://${'a.'.repeat(130)}example`,
    "https://a'b.example",
    'https://a,b.example',
  ])('%p', (text) => {
    expect(refusal(text)).toMatchObject({ code: 'validation_failed' })
    expect(refusal(text).errors[0]?.pointer).toBe('/base_url')
  })

  test('an entry for the very name lets a name without a dot or with an underscore through', () => {
    expect(parseBaseUrl('https://internal', entries('internal')).host).toBe('internal')
    expect(parseBaseUrl('http://localhost:3000', entries('http://localhost:3000')).port).toBe(3000)
    expect(parseBaseUrl('http://my_api:80', entries('http://my_api')).host).toBe('my_api')
    expect(refusal('https://internal', '0.0.0.0/0').code).toBe('validation_failed')
  })
})

describe('case 170: the port is the one in base_url, and not one that speaks no HTTP', () => {
  test.each([':0', ':65536', ':99999', ':x', ':-1', ':', ':80 ', ':4 43'])('port %p', (port) => {
    const { code } = refusal(`https://api.example.com${port}`)
    expect(['validation_failed', 'base_url_not_origin']).toContain(code)
  })

  test('a risky port is open only where an entry names it', () => {
    expect(refusal('https://db.example.com:5432').code).toBe('validation_failed')
    expect(refusal('https://db.example.com:5432', 'db.example.com').code).toBe('validation_failed')
    expect(refusal('https://10.0.0.1:5432', '10.1.0.0/16:5432').code).toBe('validation_failed')
    expect(parseBaseUrl('https://db.example.com:5432', entries('db.example.com:5432')).port).toBe(
      5432,
    )
    expect(parseBaseUrl('https://10.0.0.1:5432', entries('10.0.0.0/8:5432')).port).toBe(5432)
    expect(parseBaseUrl('https://db.example.com:5432', entries('10.0.0.0/8:5432')).port).toBe(5432)
  })
})

test('whatever is accepted is its own normal form and holds no more than scheme, host and port', () => {
  const near = fc.oneof(
    fc.stringMatching(/^[a-z0-9.-]{1,20}(:[0-9]{1,5})?\/?$/).map((text) => `https://${text}`),
    fc.string().map((text) => `https://${text}`),
    fc
      .array(fc.nat(0xffff))
      .map((units) => `https://api.example.com${String.fromCharCode(...units)}`),
    fc.ipV4().map((ip) => `https://${ip}`),
    fc.ipV6().map((ip) => `https://[${ip}]`),
  )
  fc.assert(
    fc.property(near, (text) => {
      let accepted: ReturnType<typeof parseBaseUrl>
      try {
        accepted = parseBaseUrl(text)
      } catch (error) {
        expect((error as AppError).code).toMatch(
          /^(base_url_not_(origin|https)|validation_failed)$/,
        )
        return
      }
      const url = new URL(accepted.origin)
      expect(url.href).toBe(`${accepted.origin}/`)
      expect(url.hostname.replace(/^\[|\]$/g, '')).toBe(accepted.host)
      expect(parseBaseUrl(accepted.origin)).toEqual(accepted)
    }),
    { numRuns: 200 },
  )
})
