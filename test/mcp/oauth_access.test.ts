import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/lib/clock.ts'
import { openStoreBeside, type StoreBeside } from '../helpers/connections.ts'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { connectionParents, parentNames } from './connection_parents.ts'
import { modernRequest, openEventStream } from './event_stream.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let store: StoreBeside
let laterByMs = 0
let people = 0

beforeAll(async () => {
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterByMs }
  fixture = await startMcpFixture({ clock, settings: { failed_auth_per_minute: '0' } })
  store = openStoreBeside(fixture.app.dataDir)
  await fixture.addTool('read')
  await fixture.addTool('write', { http_method: 'POST' })
  await fixture.addTool('mine', { require_member: true, endpoint_path: '/of/{member_id}' })
})
afterAll(async () => {
  await store.close()
  await fixture.stop()
})
afterEach(() => {
  laterByMs = 0
})

/** A connection of a person and a client of its own. */
const connect = (terms: object = {}) => {
  const n = ++people
  return store.connect({
    projectId: fixture.project.project_id,
    email: `p${n}@example.com`,
    clientId: `client-${n}`,
    ...terms,
  })
}

const callsOf = (token: string) => [
  () => callLegacy(fixture.url, token, 'tools/call', { name: 'read' }),
  () => callModern(fixture.url, token, 'tools/call', { name: 'write' }),
  () => callLegacy(fixture.url, token, 'tools/list'),
  () => callModern(fixture.url, token, 'tools/list'),
]

async function expectServed(token: string) {
  for (const call of callsOf(token)) {
    const { status, body } = await call()
    expect([status, body.error, body.result?.isError]).toEqual([200, undefined, undefined])
  }
}

/** Refused by every method and in every era, and nothing is sent. */
async function expectRefused(token: string, status: number, code: string) {
  const sent = await fixture.hitsDuring(async () => {
    for (const call of callsOf(token)) {
      const answer = await call()
      expect([answer.status, answer.body.code]).toEqual([status, code])
      const challenge = answer.headers.get('www-authenticate')
      expect(challenge?.includes('error="invalid_token"') ?? false).toBe(status === 401)
    }
  })
  expect(sent).toBe(0)
}

const projectPath = () => `/api/v1/projects/${fixture.project.project_id}`
const setPolicy = async (change: object) => {
  const { status } = await fixture.app.api('PATCH', `${projectPath()}/policy`, change)
  expect(status).toBe(200)
}

function parentOf(name: string) {
  const parent = connectionParents(fixture, store).get(name)
  if (parent === undefined) throw new Error(name)
  return parent
}

describe('an access token', () => {
  test('is served in both eras, at the address of all and at that of its project', async () => {
    const { token } = await connect()
    await expectServed(token)
    const { status } = await callLegacy(`${fixture.url}/demo`, token, 'tools/list')
    expect(status).toBe(200)
  })

  test.each(parentNames)('ends at once when %s, alone', async (name) => {
    const { end, restore } = parentOf(name)
    const made = await connect()
    const bystander = await connect({ projectId: await otherProject() })
    await expectServed(made.token)
    await end(made)
    await expectRefused(made.token, 401, 'invalid_token')
    await expectServed(bystander.token)
    if (restore === null) return
    await restore(made)
    await expectServed(made.token)
  })

  test('ends when its own time is over, or that of its connection', async () => {
    const made = await connect({ lifeMs: 60_000 })
    const long = await store.issue(made.grantId, { lifeMs: 3e11 })
    await expectServed(made.token)
    laterByMs = 60_000
    await expectRefused(made.token, 401, 'access_token_expired')
    const told = await callModern(fixture.url, made.token, 'tools/list')
    const challenge = told.headers.get('www-authenticate')
    expect(challenge).toContain('scope="ALL"')
    await expectServed(long)
    laterByMs = 365 * 86_400_000
    await expectRefused(long, 401, 'invalid_token')
  })

  test('case 60: an expired one is no guess: its address is never held back', async () => {
    const strict = await startMcpFixture({ settings: { failed_auth_per_minute: '2' } })
    const beside = openStoreBeside(strict.app.dataDir)
    const { project_id: projectId } = strict.project
    const { token } = await beside.connect({ projectId, lifeMs: -1 })
    const codeOf = async (presented: string) =>
      (await callLegacy(strict.url, presented, 'tools/list')).body.code
    for (let n = 0; n < 10; n++) expect(await codeOf(token)).toBe('access_token_expired')
    const guess = `tng_oat_${'A'.repeat(43)}`
    const guessed = [await codeOf(guess), await codeOf(guess), await codeOf(guess)]
    expect(guessed).toEqual(['invalid_token', 'invalid_token', 'too_many_failures'])
    await beside.close()
    await strict.stop()
  })

  test('is refused with 403 while its project is suspended, and while MCP is switched off', async () => {
    const { token } = await connect()
    await fixture.app.api('PATCH', projectPath(), { is_suspended: true })
    await expectRefused(token, 403, 'project_suspended')
    await fixture.app.api('PATCH', projectPath(), { is_suspended: false })
    await setPolicy({ is_mcp_enabled: false })
    await expectRefused(token, 403, 'mcp_disabled')
    await setPolicy({ is_mcp_enabled: true })
    await expectServed(token)
  })

  test('case 40: at the address of another project or of none it is no token', async () => {
    const { token } = await connect()
    await otherProject()
    for (const slug of ['elsewhere', 'no-such-project']) {
      const sent = await fixture.hitsDuring(async () => {
        const call = { name: 'read' }
        const answer = await callLegacy(`${fixture.url}/${slug}`, token, 'tools/call', call)
        expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token'])
        expect(answer.body.detail).toBe('Token validation failed')
      })
      expect(sent).toBe(0)
    }
  })

  test('case 106: what we did not issue is no token, and is sent nowhere', async () => {
    for (const token of [`tng_oat_${'A'.repeat(43)}`, 'tng_oat_', `tng_oat_${'A'.repeat(44)}`]) {
      await expectRefused(token, 401, 'invalid_token')
    }
  })

  test('manages nothing and mints nothing', async () => {
    const { token } = await connect({ role: 'owner' })
    const listed = await fixture.app.api('GET', '/api/v1/projects', undefined, token)
    expect([listed.status, listed.body.code]).toEqual([401, 'invalid_admin_token'])
    const asked = { member_external_id: 'x' }
    const minted = await fixture.app.api('POST', '/api/v1/mcp/session-token', asked, token)
    expect([minted.status, minted.body.code]).toEqual([401, 'invalid_api_key'])
  })

  test('case 45: its stream ends within a second of the connection being revoked', async () => {
    const { token, grantId } = await connect()
    const notifications = { toolsListChanged: true }
    const request = modernRequest('subscriptions/listen', { notifications } as object)
    const stream = await openEventStream(fixture.url, token, request)
    expect((await stream.next()).method).toBe('notifications/subscriptions/acknowledged')
    const startedAtMs = performance.now()
    await fixture.app.api('DELETE', `/api/v1/connections/${grantId}`)
    while ((await stream.next()) !== null);
    expect(performance.now() - startedAtMs).toBeLessThan(1_000)
  })
})

describe('MCP switched off', () => {
  test('refuses keys and session tokens at /mcp too, and nothing else of the project', async () => {
    const { api_key: key, project_id } = fixture.project
    await expectServed(key)
    await setPolicy({ is_mcp_enabled: false })
    await expectRefused(key, 403, 'mcp_disabled')
    const tools = await fixture.app.api('GET', `/api/v1/custom-tools?project_id=${project_id}`)
    const { id } = tools.body.items.find((tool: { name: string }) => tool.name === 'read')
    const path = `/api/v1/custom-tools/${id}/execute`
    for (const by of [undefined, key]) {
      const sent = await fixture.hitsDuring(async () => {
        const ran = await fixture.app.api('POST', path, { arguments: {} }, by)
        expect(ran.status).toBe(200)
      })
      expect(sent).toBe(1)
    }
    await setPolicy({ is_mcp_enabled: true })
    await expectServed(key)
  })

  test('case 45: ends the streams that keys hold open', async () => {
    const notifications = { toolsListChanged: true }
    const request = modernRequest('subscriptions/listen', { notifications } as object)
    const stream = await openEventStream(fixture.url, fixture.project.api_key, request)
    expect((await stream.next()).method).toBe('notifications/subscriptions/acknowledged')
    const startedAtMs = performance.now()
    await setPolicy({ is_mcp_enabled: false })
    while ((await stream.next()) !== null);
    expect(performance.now() - startedAtMs).toBeLessThan(1_000)
    await setPolicy({ is_mcp_enabled: true })
  })
})

describe('the signed-in person is the member', () => {
  test('their id, email and role of this moment are what the upstream is told', async () => {
    const made = await connect({ role: 'developer', email: 'grace@example.com' })
    const call = () => callLegacy(fixture.url, made.token, 'tools/call', { name: 'mine' })
    expect((await call()).body.result.isError).toBeUndefined()
    expect(fixture.upstream.hits.at(-1)?.target).toBe(`/of/user_${made.userId}`)
    await store.sql("UPDATE memberships SET role = 'viewer' WHERE user_id = $1", made.userId)
    await store.sql("UPDATE users SET email = 'g@example.com' WHERE id = $1", made.userId)
    const answer = await whoami(made.token)
    expect(answer.member).toEqual({
      external_id: `user_${made.userId}`,
      email: 'g@example.com',
      roles: ['viewer'],
      verified: true,
    })
    const runs = await fixture.app.api(
      'GET',
      `/api/v1/runs?limit=1&project_id=${fixture.project.project_id}`,
    )
    expect(runs.body.items[0]).toMatchObject({
      member_external_id: `user_${made.userId}`,
      member_source: 'sign_in',
    })
    const member = await fixture.app.api('GET', `/api/v1/members/${made.memberId}`)
    expect(member.body).toMatchObject({ calls: 1, errors: 0 })
  })

  test("a member's calls count against the member's limit, through every connection", async () => {
    const made = await connect()
    const second = await store.issue(made.grantId)
    const path = `/api/v1/members/${made.memberId}`
    await fixture.app.api('PATCH', path, { calls_per_minute: 1 })
    const call = (token: string) => callLegacy(fixture.url, token, 'tools/call', { name: 'read' })
    expect((await call(made.token)).status).toBe(200)
    const sent = await fixture.hitsDuring(async () => {
      expect((await call(second)).status).toBe(429)
    })
    expect(sent).toBe(0)
  })

  test('a client that acts for itself has no member: a tool that needs one is refused', async () => {
    const { token } = await connect({ user: null })
    await expectServed(token)
    const sent = await fixture.hitsDuring(async () => {
      const { body } = await callLegacy(fixture.url, token, 'tools/call', { name: 'mine' })
      expect(body.result._meta['tengine/error'].code).toBe('member_required')
    })
    expect(sent).toBe(0)
  })
})

describe('mcp_whoami of a connection', () => {
  test('tells the person, the client, the connection, its scopes and when the token ends', async () => {
    const nowMs = Date.now()
    const terms = { email: 'tim@example.com', granted: ['B_READ', 'A_WRITE'], nowMs }
    const made = await connect(terms)
    expect(await whoami(made.token)).toEqual({
      project: { id: fixture.project.project_id, slug: 'demo', name: 'demo' },
      integration: { id: made.integrationId, name: expect.any(String) },
      user: { id: made.userId, email: 'tim@example.com', name: 'Ada Lovelace' },
      member: {
        external_id: `user_${made.userId}`,
        email: 'tim@example.com',
        roles: ['member'],
        verified: true,
      },
      client: { id: made.clientId, name: `Name of ${made.clientId}` },
      connection: { id: made.grantId },
      permissions: ['tools.call'],
      scopes: ['A_WRITE', 'B_READ'],
      limits: { key: null, member: null, quotas: [] },
      token_expires_at: new Date(nowMs + 900_000).toISOString(),
    })
  })

  test('of a client that acts for itself names no person', async () => {
    const made = await connect({ user: null })
    expect(await whoami(made.token)).toMatchObject({
      user: null,
      member: null,
      client: { id: made.clientId },
    })
  })
})

describe('the last use of a connection', () => {
  const seen = async (grantId: string) => {
    const { body } = await fixture.app.api('GET', `/api/v1/connections/${grantId}`)
    return { at: body.last_used_at, address: body.last_address }
  }

  test('is noted with its address, at most once a minute', async () => {
    const { token, grantId } = await connect()
    expect(await seen(grantId)).toEqual({ at: null, address: null })
    await expectServed(token)
    const first = await seen(grantId)
    expect(first.address).toBe('127.0.0.1')
    laterByMs = 59_000
    await expectServed(token)
    expect(await seen(grantId)).toEqual(first)
    laterByMs = 61_000
    await expectServed(token)
    expect(Date.parse((await seen(grantId)).at)).toBeGreaterThanOrEqual(
      Date.parse(first.at) + 60_000,
    )
  })

  test('is not moved by an open stream, nor by a refused request', async () => {
    const { token, grantId } = await connect()
    laterByMs = 900_000
    await expectRefused(token, 401, 'access_token_expired')
    expect((await seen(grantId)).at).toBeNull()
  })
})

let elsewhere: number | null = null

async function otherProject(): Promise<number> {
  elsewhere ??= (await fixture.app.api('POST', '/api/v1/projects', { name: 'Elsewhere' })).body.id
  if (elsewhere === null) throw new Error('no project')
  for (const [name, method] of [
    ['read', 'GET'],
    ['write', 'POST'],
  ] as const) {
    await fixture
      .addTool(name, { project_id: elsewhere, http_method: method })
      .catch(() => undefined)
  }
  return elsewhere
}

async function whoami(token: string) {
  const call = { name: 'mcp_whoami', arguments: {} }
  const { body } = await callLegacy(fixture.url, token, 'tools/call', call)
  return body.result.structuredContent
}
