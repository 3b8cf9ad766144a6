import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { Provider, type ProviderOptions } from '../../../src/access/external_sign_in/provider.ts'
import { linesOf } from '../../../src/access/external_sign_in/provider_failure.ts'
import { AppError } from '../../../src/errors.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import {
  type ForgedProvider,
  type Forgery,
  startForgedProvider,
} from '../../helpers/forged_provider.ts'
import { TestAuthority } from '../../helpers/test_certificates.ts'

const clientSecret = 'a-b_c.d~e+f/g h'
const redirectUri = 'https://gate.example.com/login/external/callback'

describe('what a provider says is believed only as far as it is proven', () => {
  let forged: ForgedProvider
  beforeAll(async () => {
    forged = await startForgedProvider()
  })
  afterAll(() => forged.stop())
  beforeEach(() => {
    forged.hits.length = 0
    forged.lastExchange = null
    forged.metadata = {}
    forged.forgery = {}
    forged.instead = () => null
  })

  const provider = (options: Partial<ProviderOptions> = {}) =>
    new Provider({
      issuer: forged.issuer,
      clientId: 'client',
      clientSecret,
      scopes: 'openid email',
      groupsClaim: 'groups',
      caPem: null,
      clock: systemClock,
      ...options,
    })

  /** Comes back from the provider with a code. */
  async function comeBack(to = provider(), extra: Readonly<Record<string, string>> = {}) {
    const checks = to.newChecks()
    forged.nonce = checks.nonce
    const answer = new URL(redirectUri)
    answer.search = new URLSearchParams({ code: 'c', state: checks.state, ...extra }).toString()
    return to.identify(answer, checks)
  }

  async function failure(work: Promise<unknown>): Promise<AppError> {
    const outcome = await work.then(
      (value) => value,
      (error: unknown) => error,
    )
    if (outcome instanceof AppError) return outcome
    throw new Error(`not refused: ${JSON.stringify(outcome)}`)
  }

  test('an honest answer says who it is', async () => {
    expect(await comeBack()).toEqual({
      issuer: forged.issuer,
      subject: 'ada',
      email: 'ada@example.com',
      isEmailVerified: true,
      name: null,
      groups: ['devs'],
    })
    const { form } = forged.lastExchange ?? { form: new URLSearchParams() }
    expect(form.get('redirect_uri')).toBe(redirectUri)
    expect(form.get('code_verifier')?.length).toBe(43)
  })

  test('the secret goes in the header, encoded no more than needed, or in the body where asked', async () => {
    await comeBack()
    const credentials = Buffer.from('client:a-b_c.d~e%2Bf%2Fg+h').toString('base64')
    expect(forged.lastExchange?.authorization).toBe(`Basic ${credentials}`)
    forged.metadata = { token_endpoint_auth_methods_supported: ['client_secret_post'] }
    await comeBack()
    expect(forged.lastExchange?.authorization).toBeNull()
    expect(forged.lastExchange?.form.get('client_secret')).toBe(clientSecret)
    await comeBack(provider({ clientSecret: null }))
    expect(forged.lastExchange?.form.get('client_id')).toBe('client')
    expect(forged.lastExchange?.form.has('client_secret')).toBe(false)
  })

  const seconds = () => Math.floor(Date.now() / 1000)
  const forgeries: readonly (readonly [string, () => Forgery])[] = [
    ['another nonce', () => ({ claims: { nonce: 'another' } })],
    ['no nonce', () => ({ claims: { nonce: undefined } })],
    ['another issuer', () => ({ claims: { iss: 'https://evil.example' } })],
    ['another audience', () => ({ claims: { aud: 'somebody else' } })],
    ['several audiences and no azp', () => ({ claims: { aud: ['client', 'other'] } })],
    ['another azp', () => ({ claims: { aud: ['client', 'other'], azp: 'other' } })],
    ['no subject', () => ({ claims: { sub: undefined } })],
    ['a time that is over', () => ({ claims: { exp: seconds() - 3600, iat: seconds() - 7200 } })],
    ['no end', () => ({ claims: { exp: undefined } })],
    ['a time to come', () => ({ claims: { nbf: seconds() + 3600 } })],
    ['a key that is not in the set', () => ({ isForeignKey: true })],
    ['an unknown kid', () => ({ header: { kid: 'another' } })],
    ['alg none', () => ({ isUnsigned: true })],
    ['alg NONE', () => ({ isUnsigned: true, header: { alg: 'NONE' } })],
    ['HS256 and the client secret', () => ({ hmacSecret: clientSecret })],
    ['a critical header', () => ({ header: { crit: ['b64'], b64: true } })],
  ]
  test.each(forgeries)('an ID token with %s is refused', async (_, forgery) => {
    forged.forgery = forgery()
    const { code } = await failure(comeBack())
    expect(code).toBe('external_sign_in_failed')
  })

  test('an honest second audience is none of our business', async () => {
    forged.forgery = { claims: { aud: ['client', 'other'], azp: 'client' } }
    expect((await comeBack()).subject).toBe('ada')
  })

  test('another iss beside the code is refused, advertised or not, and the code goes nowhere', async () => {
    const wrong = { iss: 'https://evil.example' }
    for (const isAdvertised of [true, false]) {
      forged.metadata = { authorization_response_iss_parameter_supported: isAdvertised }
      expect((await failure(comeBack(provider(), wrong))).code).toBe('external_sign_in_failed')
    }
    forged.metadata = { authorization_response_iss_parameter_supported: true }
    expect((await failure(comeBack())).code).toBe('external_sign_in_failed')
    expect(forged.hits).not.toContain('POST /token')
  })

  test('a discovery document that names another issuer is not used', async () => {
    forged.metadata = { issuer: 'https://evil.example' }
    const { code } = await failure(comeBack())
    expect(['external_sign_in_failed', 'provider_unavailable']).toContain(code)
    expect(forged.hits).toEqual(['GET /.well-known/openid-configuration'])
  })

  const outages: readonly (readonly [string, string, () => Response | Promise<Response>])[] = [
    [
      'discovery fails',
      '/.well-known/openid-configuration',
      () => new Response('', { status: 500 }),
    ],
    ['discovery is a page', '/.well-known/openid-configuration', () => new Response('<html>')],
    ['the token endpoint fails', '/token', () => new Response('', { status: 502 })],
    ['the token endpoint says so', '/token', () => Response.json({ error: 'x' }, { status: 503 })],
    ['the keys are missing', '/jwks', () => new Response('', { status: 404 })],
    ['an answer has no end', '/token', () => new Response('x'.repeat(2 * 1024 * 1024))],
    ['an answer never comes', '/token', () => new Promise<Response>(() => {})],
  ]
  test.each(outages)('%s: the provider is unavailable, not the person wrong', async (...outage) => {
    const [, path, answer] = outage
    forged.instead = (asked) => (asked === path ? answer() : null)
    const { code, reason } = await failure(comeBack(provider({ timeoutMs: 300 })))
    expect(code).toBe('provider_unavailable')
    expect(reason).not.toContain(forged.issuer)
  })

  test('a redirect is not followed', async () => {
    const elsewhere = await startForgedProvider()
    try {
      for (const path of ['/.well-known/openid-configuration', '/token', '/jwks']) {
        forged.instead = (asked) =>
          asked === path ? Response.redirect(elsewhere.issuer + path, 307) : null
        expect((await failure(comeBack())).code).toBe('provider_unavailable')
      }
      expect(elsewhere.hits).toEqual([])
    } finally {
      await elsewhere.stop()
    }
  })

  const endpoints = ['token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const
  test.each(endpoints)('a %s in plain http beyond this machine gets nothing', async (endpoint) => {
    forged.metadata = { [endpoint]: 'http://192.0.2.1/' }
    forged.forgery = { claims: { groups: undefined } }
    const { code, cause } = await failure(comeBack(provider({ timeoutMs: 300 })))
    expect(code).toBe('provider_unavailable')
    expect(linesOf(cause).join('\n')).toContain('http://192.0.2.1/ is plain http')
  })

  test('groups that the userinfo endpoint fails to give are not taken for none', async () => {
    forged.forgery = { claims: { groups: undefined } }
    forged.metadata = { userinfo_endpoint: `${forged.issuer}/userinfo` }
    forged.instead = (path) => (path === '/userinfo' ? new Response('', { status: 500 }) : null)
    expect((await failure(comeBack())).code).toBe('provider_unavailable')
    forged.instead = (path) => (path === '/userinfo' ? Response.json({ sub: 'eve' }) : null)
    expect((await failure(comeBack())).code).toBe('external_sign_in_failed')
  })

  test('a provider that was away is found again, and one that is there is asked once', async () => {
    const same = provider()
    forged.instead = () => new Response('', { status: 503 })
    expect((await failure(same.authorizationUrl(same.newChecks(), redirectUri))).code).toBe(
      'provider_unavailable',
    )
    forged.instead = () => null
    forged.hits.length = 0
    await Promise.all([comeBack(same), comeBack(same)].map((each) => each.catch(() => null)))
    await comeBack(same)
    const asked = forged.hits.filter((hit) => hit.endsWith('/openid-configuration'))
    expect(asked.length).toBe(1)
  })

  test('the log learns what went wrong and nothing of the person or the code', async () => {
    forged.forgery = { claims: { nonce: 'another' } }
    const told = linesOf((await failure(comeBack())).cause).join('\n')
    expect(told).toContain('nonce')
    for (const secret of ['ada@example.com', forged.nonce]) expect(told).not.toContain(secret)
    forged.forgery = {}
    forged.instead = (path) =>
      path === '/token'
        ? Response.json({ error: 'invalid_client', error_description: 'bad' }, { status: 401 })
        : null
    const { reason, cause } = await failure(comeBack())
    expect(reason).toContain('client id and secret')
    expect(linesOf(cause).join('\n')).toContain('invalid_client: bad')
  })
})

describe('a provider behind a private authority', () => {
  test('is believed with upstream_ca_file, and not without', async () => {
    const authority = new TestAuthority()
    const forged = await startForgedProvider(authority.issue({ ip: ['127.0.0.1'] }))
    const options = {
      issuer: forged.issuer,
      clientId: 'client',
      clientSecret: null,
      scopes: 'openid',
      groupsClaim: 'groups',
      clock: systemClock,
    }
    try {
      const trusting = new Provider({ ...options, caPem: authority.pem })
      const url = await trusting.authorizationUrl(trusting.newChecks(), redirectUri)
      expect(url).toStartWith(`${forged.issuer}/auth?`)
      const wary = new Provider({ ...options, caPem: null })
      const refused = wary.authorizationUrl(wary.newChecks(), redirectUri)
      await expect(refused).rejects.toMatchObject({ code: 'provider_unavailable' })
    } finally {
      await forged.stop()
      authority.remove()
    }
  })
})
