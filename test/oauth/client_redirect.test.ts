import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isLoopbackRedirect, matchesRedirect } from '../../src/model/oauth_client.ts'
import { isPrivateSchemeRedirect, redirectUriFault } from '../../src/model/redirect_uri.ts'

const good = [
  'https://claude.ai/api/mcp/auth_callback',
  'https://app.example:8443/cb?x=1',
  'http://localhost/callback',
  'http://localhost:3118/callback',
  'http://127.0.0.1:49036/oauth/callback',
  'http://[::1]:1/cb',
  'cursor://anysphere.cursor-retrieval/oauth/callback',
  'vscode://vscode.git/cb',
  'com.example.app:/oauth2redirect',
]

const bad = [
  ['javascript:alert(1)', 'scheme'],
  ['data:text/html,x', 'scheme'],
  ['file:///etc/passwd', 'scheme'],
  ['blob:https://a.example/1', 'scheme'],
  ['intent://scan/#Intent;end', 'fragment'],
  ['http://app.example/cb', 'plain http'],
  ['http://127.0.0.1.evil.com/cb', 'plain http'],
  ['http://0.0.0.0/cb', 'plain http'],
  ['http://127.1/cb', 'plain http'],
  ['http://localhost.evil.com/cb', 'plain http'],
  ['http://localhost@evil.com/cb', 'user'],
  ['https://user@app.example/cb', 'user'],
  ['https://user:pw@app.example/cb', 'user'],
  ['https://@app.example/cb', 'user'],
  ['https://app.example/cb#', 'fragment'],
  ['https://app.example/cb#x', 'fragment'],
  ['https:app.example/cb', 'no host'],
  ['https:/app.example/cb', 'no host'],
  ['https:///app.example/cb', 'no host'],
  ['https:\\\\app.example\\cb', 'character'],
  ['http://localhost\\@evil.com/cb', 'character'],
  ['https://app.example/c b', 'character'],
  ['https://app.example/\ncb', 'character'],
  ['https://äpp.example/cb', 'character'],
  ['HTTPS://app.example/cb', 'absolute'],
  ['//app.example/cb', 'absolute'],
  ['/cb', 'absolute'],
  ['', 'character'],
  [`https://app.example/${'a'.repeat(1000)}`, 'longer'],
] as const

describe('case 94: a redirect URI', () => {
  test.each(good)('%s may be registered', (uri) => expect(redirectUriFault(uri)).toBeNull())

  test.each(bad)('%s may not: %s', (uri, why) => expect(redirectUriFault(uri)).toContain(why))

  test('to a program of its own is told apart, to warn of', () => {
    expect(good.filter(isPrivateSchemeRedirect)).toEqual(good.slice(6))
  })
})

describe('cases 92 and 93: a redirect URI that is asked for', () => {
  const registered = ['https://app.example/cb', 'http://localhost/callback', 'http://[::1]:7/cb']

  test.each([
    'https://app.example/cb',
    'http://localhost/callback',
    'http://localhost:49036/callback',
    'http://[::1]/cb',
    'http://[::1]:9/cb',
  ])('%s matches', (uri) => expect(matchesRedirect(uri, registered)).toBe(true))

  test.each([
    'https://app.example/CB',
    'https://app.example/cb/',
    'https://app.example/cb?',
    'https://app.example/cb?x=1',
    'https://app.example/x/../cb',
    'https://app.example/%63b',
    'https://app.example:443/cb',
    'https://user@app.example/cb',
    'https://app.example/cb#',
    'https://APP.example/cb',
    'https://аpp.example/cb',
    'http://app.example/cb',
    'http://localhost:1/callback/',
    'http://localhost:1/other',
    'http://127.0.0.1:1/callback',
    'https://localhost:1/callback',
    'http://LOCALHOST/callback',
    'http://localhost:/callback',
    'http://localhost:99999/callback',
    'http://localhost:1:2/callback',
    'http://localhost:1@evil.com/callback',
    'http://localhost.evil.com:1/callback',
    'http://127.0.0.1.evil.com/callback',
    'http://0.0.0.0/callback',
    ' http://localhost/callback',
    'http://localhost:1\t/callback',
    '',
  ])('%s does not', (uri) => expect(matchesRedirect(uri, registered)).toBe(false))

  test('differs from a registered one in nothing but the port, and that at a loopback host only', () => {
    const hosts = ['localhost', '127.0.0.1', '[::1]', '127.1', 'localhost.evil.com', 'app.example']
    const tails = [
      '',
      '/',
      '/cb',
      '/cb/',
      '/cb?x=1',
      '/c%62',
      '/:8/cb',
      '@evil.com/cb',
      '\\@e.com:1/cb',
    ]
    const schemes = ['http://', 'https://', 'HTTP://', 'http://a:1@', 'http:/', 'cursor://']
    const ports = ['', ':', ':1', ':65535', ':65536', ':08', ':1:2']
    // Most parts are the same in both: two URIs of nothing but chance never match.
    const pairOf = (parts: readonly string[]) =>
      fc
        .tuple(fc.constantFrom(...parts), fc.constantFrom(...parts), fc.boolean())
        .map(([one, other, isSame]) => [one, isSame ? one : other] as const)
    const pairs = fc
      .tuple(pairOf(schemes), pairOf(hosts), pairOf(ports), pairOf(tails))
      .map((parts) => [parts.map(([one]) => one).join(''), parts.map((pair) => pair[1]).join('')])
    let matches = 0
    fc.assert(
      fc.property(pairs, ([asked = '', registered = '']) => {
        if (!matchesRedirect(asked, [registered]) || asked === registered) return
        matches++
        expect(isLoopbackRedirect(asked) && isLoopbackRedirect(registered)).toBe(true)
        const [a, b] = [new URL(asked), new URL(registered)]
        a.port = ''
        b.port = ''
        expect(a.href).toBe(b.href)
        expect(a.protocol).toBe('http:')
        expect(['localhost', '127.0.0.1', '[::1]']).toContain(a.hostname)
        expect(a.username + a.password + a.hash).toBe('')
      }),
      { numRuns: 20_000 },
    )
    expect(matches).toBeGreaterThan(2)
  })

  test('at a loopback host matches whatever port the program was given', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), fc.webPath(), (port, path) => {
        fc.pre(path.startsWith('/'))
        const registeredUri = `http://127.0.0.1${path}`
        expect(matchesRedirect(`http://127.0.0.1:${port}${path}`, [registeredUri])).toBe(true)
        expect(matchesRedirect(`http://127.0.0.1:${port}${path}x`, [registeredUri])).toBe(false)
        expect(matchesRedirect(`http://127.0.0.1:${port}${path}`, [`https://a.b${path}`])).toBe(
          false,
        )
      }),
      { numRuns: 500 },
    )
  })
})
