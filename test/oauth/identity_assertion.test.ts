import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { callText, type House, startHouse } from '../http/house.ts'

const idp = 'https://idp.example.com'
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicJwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'idp-1' }

const nowMs = Date.UTC(2026, 10, 21, 12)
const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
let house: House
let clientId: string
let clientSecret: string

beforeAll(async () => {
  house = await startHouse({ clock })
  const project_id = house.projectId
  for (const name of ['ORDERS_READ', 'ORDERS_WRITE']) {
    await house.api('POST', `/api/v1/projects/${project_id}/scopes`, { name, description: name })
  }
  const made = await house.api('POST', '/api/v1/integrations', {
    project_id,
    kind: 'oauth_client',
    name: 'enterprise',
  })
  clientId = made.body.client_id
  clientSecret = made.body.client_secret
  const trusted = await house.api('POST', '/api/v1/trusted-issuers', {
    project_id,
    issuer: idp,
    jwks: { keys: [publicJwk] },
  })
  expect(trusted.status).toBe(201)
  await house.addTool({ name: 'whose', require_member: true, required_scopes: ['ORDERS_READ'] })
})
afterAll(() => house.stop())

const seconds = () => Math.floor(nowMs / 1000)
const claims = (changes: object = {}) => ({
  iss: idp,
  sub: 'alice',
  aud: house.url,
  client_id: clientId,
  resource: `${house.url}/mcp`,
  jti: randomUUID(),
  iat: seconds(),
  exp: seconds() + 300,
  scope: 'ORDERS_READ',
  email: 'alice@example.com',
  ...changes,
})

const assertion = (changes: object = {}, header: object = {}, key = pair.privateKey) =>
  new SignJWT(claims(changes))
    .setProtectedHeader({ alg: 'ES256', kid: 'idp-1', typ: 'oauth-id-jag+jwt', ...header })
    .sign(key)

async function exchange(token: string, more: Record<string, string> = {}) {
  const response = await fetch(`${house.url}/api/v1/mcp-oauth/token`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: grantType, assertion: token, ...more }).toString(),
  })
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  return { status: response.status, body: (await response.json()) as any }
}

async function call(token: string, tool = 'whose') {
  const response = await fetch(`${house.url}/mcp`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: callText(tool),
  })
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  return { status: response.status, body: (await response.json()) as any }
}

describe('an identity assertion of a trusted provider', () => {
  test('becomes an access token of the person it names, and no refresh token', async () => {
    house.reset()
    const { status, body } = await exchange(await assertion())
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.stringMatching(/^tng_oat_/),
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'ORDERS_READ',
    })
    const answer = await call(body.access_token)
    expect(answer.body.result.isError).toBeUndefined()
    expect(house.upstream.hits[0]?.headers.get('x-tengine-member-id')).toMatch(/^idp\d+:alice$/)
  })

  test('two tokens of one person are one connection', async () => {
    await exchange(await assertion({ sub: 'bob' }))
    await exchange(await assertion({ sub: 'bob' }))
    const { body } = await house.api('GET', `/api/v1/members?project_id=${house.projectId}`)
    const bobs = body.items.filter((m: { external_id: string }) => m.external_id.endsWith(':bob'))
    expect(bobs).toHaveLength(1)
  })

  test('counts once', async () => {
    const token = await assertion()
    expect((await exchange(token)).status).toBe(200)
    expect((await exchange(token)).body).toMatchObject({ error: 'invalid_grant' })
  })

  test('gives no more than it says, and no more than is asked for', async () => {
    const both = 'ORDERS_READ ORDERS_WRITE'
    const narrow = await exchange(await assertion({ scope: both }), { scope: 'ORDERS_READ' })
    expect(narrow.body.scope).toBe('ORDERS_READ')
    const wide = await exchange(await assertion(), { scope: 'ORDERS_WRITE' })
    expect(wide.body).toMatchObject({ error: 'invalid_scope' })
    const unknown = await exchange(await assertion({ scope: 'NO_SUCH' }))
    expect(unknown.body).toMatchObject({ error: 'invalid_scope' })
  })

  const refused: readonly [string, () => Promise<string>][] = [
    ['of another issuer', () => assertion({ iss: 'https://evil.example.com' })],
    ['for another audience', () => assertion({ aud: 'https://elsewhere.example.com' })],
    ['for several audiences', () => assertion({ aud: [house.url] })],
    ['for another client', () => assertion({ client_id: 'mcp_other' })],
    ['signed with another key', () => assertion({}, {}, other.privateKey)],
    ['with an unknown kid', () => assertion({}, { kid: 'idp-2' })],
    ['of another type', () => assertion({}, { typ: 'JWT' })],
    ['expired', () => assertion({ iat: seconds() - 400, exp: seconds() - 100 })],
    ['from the future', () => assertion({ iat: seconds() + 60, exp: seconds() + 120 })],
    ['not valid yet', () => assertion({ nbf: seconds() + 60 })],
    ['that lives an hour', () => assertion({ exp: seconds() + 3600 })],
    ['with a fraction in exp', () => assertion({ exp: seconds() + 60.5 })],
    ['without a subject', () => assertion({ sub: undefined })],
    ['with a newline in its subject', () => assertion({ sub: 'alice\r\nX-Admin: 1' })],
    ['without a jti', () => assertion({ jti: undefined })],
    ['that is none', async () => 'not-a-jwt'],
    ['with its payload changed', async () => (await assertion()).replace(/\.[^.]{4}/, '.eyJz')],
  ]
  test.each(refused)('%s is refused, and nobody becomes known', async (_what, make) => {
    const members = () => house.api('GET', `/api/v1/members?project_id=${house.projectId}`)
    const before = (await members()).body.items
    const { status, body } = await exchange(await make())
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_grant' })
    expect(body.access_token).toBeUndefined()
    expect((await members()).body.items).toEqual(before)
  })

  test('for a resource that is not ours is refused as such', async () => {
    const { body } = await exchange(await assertion({ resource: 'https://elsewhere.example.com' }))
    expect(body).toMatchObject({ error: 'invalid_target' })
  })

  test('is nothing without the secret of its client', async () => {
    const response = await fetch(`${house.url}/api/v1/mcp-oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: grantType,
        assertion: await assertion(),
        client_id: clientId,
      }).toString(),
    })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: 'invalid_client' })
  })

  test('is refused once its issuer is trusted no more, or its member is blocked', async () => {
    const { body } = await house.api('GET', `/api/v1/members?project_id=${house.projectId}`)
    const [alice] = body.items.filter((m: { external_id: string }) =>
      m.external_id.endsWith(':alice'),
    )
    const token = (await exchange(await assertion())).body.access_token
    await house.api('PATCH', `/api/v1/members/${alice.id}`, { is_blocked: true })
    expect((await exchange(await assertion())).body).toMatchObject({ error: 'invalid_grant' })
    expect((await call(token)).status).toBe(401)
    await house.api('PATCH', `/api/v1/members/${alice.id}`, { is_blocked: false })
    const list = await house.api('GET', `/api/v1/trusted-issuers?project_id=${house.projectId}`)
    await house.api('DELETE', `/api/v1/trusted-issuers/${list.body.items[0].id}`)
    expect((await exchange(await assertion())).body).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('keys of a provider', () => {
  const put = (keys: unknown) =>
    house.api('POST', '/api/v1/trusted-issuers', {
      project_id: house.projectId,
      issuer: 'https://keys.example.com',
      jwks: { keys },
    })
  const privateJwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'x' }
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey

  test.each([
    ['none', []],
    ['a private one', [privateJwk]],
    ['a shared one', [{ kty: 'oct', k: 'c2VjcmV0', kid: 'x' }]],
    ['one without kid', [pair.publicKey.export({ format: 'jwk' })]],
    ['one for no signature', [{ ...publicJwk, alg: 'ECDH-ES' }]],
    ['a weak one', [{ ...weak.export({ format: 'jwk' }), kid: 'x' }]],
    ['what is no key', ['x']],
  ])('%s: refused, naming the place', async (_what, keys) => {
    const { status, body } = await put(keys)
    expect(status).toBe(422)
    expect(body.errors[0].pointer).toStartWith('/jwks')
    expect(JSON.stringify(body)).not.toContain(privateJwk.d ?? 'no private part')
  })
})
