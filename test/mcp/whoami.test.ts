import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  type AssertionHome,
  type AssertionKeyPair,
  assertionClaims,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

const clock = { nowMs: Date.parse('2026-03-01T12:00:00.400Z'), monotonicMs: performance.now() }
let fixture: McpFixture
let signer: AssertionKeyPair
let key: string

beforeAll(async () => {
  const frozen = { nowMs: () => clock.nowMs, monotonicMs: () => clock.monotonicMs }
  const settings = { allow_unverified_member_session_minting: true, member_session_minutes: '20' }
  fixture = await startMcpFixture({ clock: frozen, settings })
  key = fixture.project.api_key
  await fixture.addTool('ping')
  signer = newAssertionKey('ES256', 'backend')
  await registerKey(home(), signer)
})
afterAll(() => fixture.stop())

const home = (apiKey = key): AssertionHome => ({
  api: fixture.app.api,
  projectId: fixture.project.project_id,
  apiKey,
})

const session = (claims: object, apiKey = key) => {
  const nowSeconds = Math.floor(clock.nowMs / 1000)
  const { project_id } = fixture.project
  return mintToken(home(apiKey), signer.sign(assertionClaims(project_id, nowSeconds, claims)))
}

const eras = [
  ['initialize', callLegacy],
  ['2026-07-28', callModern],
] as const

describe.each(eras)('mcp_whoami, era %s', (era, call) => {
  /** What it tells whoever presents this; nothing is sent and no run is recorded for it. */
  async function whoami(token: string) {
    const { url, app, project, upstream } = fixture
    const runs = () => app.api('GET', `/api/v1/runs?limit=200&project_id=${project.project_id}`)
    const before = [upstream.hits.length, (await runs()).body]
    const params = { name: 'mcp_whoami', arguments: {} }
    const { status, body } = await call(url, token, 'tools/call', params)
    expect(status).toBe(200)
    expect([upstream.hits.length, (await runs()).body]).toEqual(before)
    const { content, structuredContent, resultType } = body.result
    expect(JSON.parse(content[0].text)).toEqual(structuredContent)
    expect(content[0].text).not.toContain(token)
    expect(resultType).toBe(era === '2026-07-28' ? 'complete' : undefined)
    return structuredContent
  }

  test('tells the project, the integration, the client and the key', async () => {
    const { project_id, integration_id } = fixture.project
    expect(await whoami(key)).toEqual({
      project: { id: project_id, slug: 'demo', name: 'demo' },
      integration: { id: integration_id, name: expect.any(String) },
      member: null,
      client: call === callModern ? 'test' : expect.stringContaining('Bun/'),
      permissions: ['tools.call', 'sessions.mint', 'project.manage'],
      scopes: ['ALL'],
      limits: { key: null, member: null, quotas: [] },
      token_expires_at: null,
    })
  })

  test('tells when the key ends', async () => {
    const expires_at = '2040-01-02T03:04:05.000Z'
    const { key: mortal } = await fixture.addIntegration({ expires_at })
    expect(await whoami(mortal)).toMatchObject({ token_expires_at: expires_at })
  })

  test('tells the member of a session token, what it may do and when it ends', async () => {
    const { id, key: own } = await fixture.addIntegration({ name: 'agent' })
    const claims = { sub: 'alice', email: 'alice@example.com', roles: ['admin', 'billing'] }
    expect(await whoami(await session(claims, own))).toEqual({
      project: { id: fixture.project.project_id, slug: 'demo', name: 'demo' },
      integration: { id, name: 'agent' },
      member: {
        external_id: 'alice',
        email: 'alice@example.com',
        roles: ['admin', 'billing'],
        verified: true,
      },
      client: expect.any(String),
      permissions: ['tools.call'],
      scopes: ['ALL'],
      limits: { key: null, member: null, quotas: [] },
      token_expires_at: new Date(Math.floor(clock.nowMs / 1000) * 1000 + 20 * 60_000).toISOString(),
    })
  })

  test('tells each session its own identity, as its own assertion said it', async () => {
    const first = await session({ sub: 'carol', email: 'old@example.com', roles: ['reader'] })
    const second = await session({ sub: 'carol', email: undefined, roles: undefined })
    const member = { external_id: 'carol', verified: true }
    const old = { email: 'old@example.com', roles: ['reader'] }
    expect((await whoami(first)).member).toEqual({ ...member, ...old })
    expect((await whoami(second)).member).toEqual({ ...member, email: null, roles: [] })
  })

  test('tells that nobody vouched for a member that was named without an assertion', async () => {
    const body = { member_external_id: 'bob' }
    const answer = await fixture.app.api('POST', '/api/v1/mcp/session-token', body, key)
    expect((await whoami(answer.body.token)).member).toEqual({
      external_id: 'bob',
      email: null,
      roles: [],
      verified: false,
    })
  })

  test('tells both limits and what is left of them, and spends nothing itself', async () => {
    const { app, project, url } = fixture
    const { key: own } = await fixture.addIntegration({ calls_per_minute: 3 })
    const sub = `dave-${era}`
    const token = await session({ sub }, own)
    const path = `/api/v1/members?project_id=${project.project_id}&external_id=${sub}`
    const { id } = (await app.api('GET', path)).body.items[0]
    await app.api('PATCH', `/api/v1/members/${id}`, { calls_per_minute: 2 })
    const left = async (ofKey: number, ofMember: number) => {
      const limit = { calls_per_minute: 3, remaining: ofKey }
      const member = { calls_per_minute: 2, remaining: ofMember }
      for (let each = 0; each < 3; each++) {
        expect((await whoami(token)).limits).toEqual({ key: limit, member, quotas: [] })
        expect((await whoami(own)).limits).toEqual({ key: limit, member: null, quotas: [] })
      }
    }
    const ping = async (by: string) =>
      (await call(url, by, 'tools/call', { name: 'ping', arguments: {} })).status
    await left(3, 2)
    expect(await ping(token)).toBe(200)
    await left(2, 1)
    expect(await ping(own)).toBe(200)
    await left(1, 1)
    expect(await ping(token)).toBe(200)
    await left(0, 0)
    expect(await ping(token)).toBe(429)
    await left(0, 0)
    clock.monotonicMs += 20_000
    await left(1, 0)
    clock.monotonicMs += 60_000
    await left(3, 2)
  })
})
