import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type House, startHouse } from './house.ts'
import { exchange, requestText } from './raw_client.ts'

let house: House
beforeAll(async () => {
  house = await startHouse({ settings: { trusted_proxies: ['127.0.0.1'] } })
})
afterAll(() => house.stop())

const path = '/api/v1/mcp-oauth/register'
const good = { client_name: 'Codex', redirect_uris: ['http://127.0.0.1/callback'] }

let lastAddress = 0
/** An address that has not registered anything yet. */
const newAddress = () => `198.51.100.${++lastAddress}`

/** Registers as a client at some address would. */
async function register(metadata: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(house.url + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': newAddress(),
      ...headers,
    },
    body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
  })
  const { status } = response
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  return { status, headers: response.headers, body: (await response.json()) as any }
}

const clients = async () => (await house.api('GET', '/api/v1/oauth-clients?limit=200')).body.items
const setPolicy = (policy: object) =>
  house.api('PATCH', `/api/v1/projects/${house.projectId}/policy`, policy)

describe('POST /register (RFC 7591)', () => {
  test('needs no credential, and answers with what a client must know', async () => {
    const { status, headers, body } = await register({
      ...good,
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    })
    expect(status).toBe(201)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      client_id: expect.stringMatching(/^mcp_[A-Za-z0-9_-]{24}$/),
      client_id_issued_at: expect.any(Number),
      client_name: 'Codex',
      redirect_uris: good.redirect_uris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })
    expect(Math.abs(body.client_id_issued_at - Date.now() / 1000)).toBeLessThan(5)
  })

  test('gives a secret once, which never expires', async () => {
    const { body } = await register(good)
    const secret = String(body.client_secret)
    expect(body).toMatchObject({
      client_secret: expect.stringMatching(/^tng_ocs_[A-Za-z0-9_-]{43}$/),
      client_secret_expires_at: 0,
      token_endpoint_auth_method: 'client_secret_basic',
    })
    const shown = (await clients()).find(
      (one: { client_id: string }) => one.client_id === body.client_id,
    )
    expect(shown).toMatchObject({
      kind: 'registered',
      project_id: null,
      verified_host: null,
      secret_last4: secret.slice(-4),
      warnings: ['loopback_only', 'unverified'],
    })
    expect(JSON.stringify(shown)).not.toContain(secret)
  })

  test('a scheme of its own is taken, and marked', async () => {
    const { body } = await register({ redirect_uris: ['cursor://anysphere.cursor-mcp/oauth'] })
    const shown = (await clients()).find(
      (one: { client_id: string }) => one.client_id === body.client_id,
    )
    expect(shown.warnings).toEqual(['private_scheme', 'unverified'])
  })

  test.each([
    ['{"redirect_uris":["javascript:alert(1)"]}', 400, 'invalid_redirect_uri'],
    ['{"redirect_uris":["data:text/html,x"]}', 400, 'invalid_redirect_uri'],
    ['{"redirect_uris":["file:///etc/passwd"]}', 400, 'invalid_redirect_uri'],
    ['{"redirect_uris":["http://app.example/cb"]}', 400, 'invalid_redirect_uri'],
    ['{}', 400, 'invalid_redirect_uri'],
    ['[]', 400, 'invalid_client_metadata'],
    ['{"client_name":', 400, 'invalid_client_metadata'],
    ['{"client_name":"a","client_name":"b"}', 400, 'invalid_client_metadata'],
    [`{"x":"${'x'.repeat(16 * 1024)}"}`, 413, 'invalid_client_metadata'],
  ])('case 94: %.60s is refused with %d %s, and nothing is kept', async (text, status, error) => {
    const before = (await clients()).length
    const answer = await register(text)
    expect(answer).toMatchObject({ status, body: { error } })
    expect(answer.body.error_description).toBeString()
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await clients()).toHaveLength(before)
  })

  test('another method or type of body is refused', async () => {
    expect((await fetch(house.url + path)).status).toBe(405)
    const form = await register('client_name=x', {
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect(form).toMatchObject({ status: 415, body: { error: 'invalid_client_metadata' } })
  })

  test('case 1: a body that is declared too large is not waited for', async () => {
    const host = new URL(house.url).host
    const lines = [`Host: ${host}`, 'Content-Type: application/json', 'Content-Length: 99999999']
    const raw = await exchange(house.url, requestText(`POST ${path}`, lines, ''))
    expect(raw.status).toBe(413)
  })

  test('case 127: no registration can be managed: there is no token and no such endpoint', async () => {
    const { body } = await register(good)
    expect(body).not.toHaveProperty('registration_access_token')
    expect(body).not.toHaveProperty('registration_client_uri')
    const other = await register(good)
    const own = `${house.url}${path}/${body.client_id}`
    for (const method of ['GET', 'PUT', 'DELETE']) {
      for (const token of [other.body.client_secret, body.client_secret, house.apiKey]) {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
        const sent = method === 'PUT' ? { body: JSON.stringify(good) } : {}
        const { status } = await fetch(own, { method, headers, ...sent })
        expect(status).toBe(token === house.apiKey ? 404 : 401)
      }
    }
    const still = (await clients()).map((one: { client_id: string }) => one.client_id)
    expect(still).toContain(body.client_id)
  })
})

describe('case 125: who may register', () => {
  test('one address may 20 times an hour; then 429 with Retry-After, and nothing is kept', async () => {
    const from = { 'x-forwarded-for': newAddress() }
    for (let i = 0; i < 20; i++) expect((await register(good, from)).status).toBe(201)
    const before = (await clients()).length
    const held = await register(good, from)
    expect(held).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } })
    expect(Number(held.headers.get('retry-after'))).toBeWithin(170, 181)
    expect(await clients()).toHaveLength(before)
    expect((await register(good)).status).toBe(201)
  })

  test('nobody, once the policy says so; the metadata stops naming the endpoint', async () => {
    const metadata = async () => {
      const url = `${house.url}/.well-known/oauth-authorization-server`
      return (await fetch(url)).json()
    }
    expect(await metadata()).toHaveProperty('registration_endpoint', house.url + path)
    const set = await setPolicy({ registration_mode: 'off' })
    expect(set.status).toBe(200)
    const before = (await clients()).length
    expect(await register(good)).toMatchObject({ status: 403, body: { error: 'access_denied' } })
    expect(await metadata()).not.toHaveProperty('registration_endpoint')
    const uris = { registration_mode: 'limited', allowed_redirect_uris: ['http://localhost/cb'] }
    expect((await setPolicy(uris)).status).toBe(200)
    expect(await register(good)).toMatchObject({
      status: 400,
      body: { error: 'invalid_redirect_uri', error_description: 'redirect_uri is not allowed' },
    })
    expect(await clients()).toHaveLength(before)
    const local = { redirect_uris: ['http://localhost/cb'] }
    expect((await register(local)).status).toBe(201)
    await setPolicy({ registration_mode: 'on', allowed_redirect_uris: [] })
  })
})

test('case 243: secrets of clients are in no file and in no line of the log', async () => {
  const { body: registered } = await register(good)
  const input = { project_id: house.projectId, name: 'Claude', kind: 'oauth_client' }
  const { body: made } = await house.api('POST', '/api/v1/integrations', input)
  const rotate = `/api/v1/integrations/${made.integration.id}/rotate`
  const { body: rotated } = await house.api('POST', rotate, { overlap_seconds: 60 })
  const secrets = [registered, made, rotated].map((one) => String(one.client_secret))
  for (const secret of secrets) {
    const wrong = { client_id: registered.client_id, client_secret: secret, token: 'x' }
    await fetch(`${house.url}/api/v1/mcp-oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams(wrong),
    })
  }
  const names = readdirSync(house.dataDir).map((name) => join(house.dataDir, name))
  const files = names.filter((name) => statSync(name).isFile()).map((name) => readFileSync(name))
  expect(files.some((bytes) => bytes.includes(registered.client_id))).toBe(true)
  const log = house.logLines().join('\n')
  expect(log).toContain(registered.client_id)
  for (const secret of secrets) {
    for (const form of [secret, secret.slice('tng_ocs_'.length), btoa(secret).slice(0, -4)]) {
      expect(files.some((bytes) => bytes.includes(form))).toBe(false)
      expect(log).not.toContain(form)
    }
  }
})
