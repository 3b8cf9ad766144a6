import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  type AssertionKeyPair,
  assertionClaims,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { callLegacy, callModern, mcpHeaders } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'

const clock = { nowMs: Date.parse('2026-03-01T12:00:00Z'), monotonicMs: performance.now() }
const origin = 'https://app.example.com'
let house: House
let signer: AssertionKeyPair
let toolId: number
let count = 0

beforeAll(async () => {
  const frozen = { nowMs: () => clock.nowMs, monotonicMs: () => clock.monotonicMs }
  house = await startHouse({ clock: frozen, settings: { allowed_origins: [origin] } })
  signer = newAssertionKey('ES256', 'backend')
  await registerKey(house, signer)
  toolId = (
    await house.addTool({
      name: 'ping',
      http_method: 'POST',
      // Every call is to be sent.
      deduplication: { mode: 'off', window_seconds: null },
    })
  ).id
})
beforeEach(() => house.reset())
afterAll(() => house.stop())

const later = (seconds: number) => {
  clock.nowMs += seconds * 1000
  clock.monotonicMs += seconds * 1000
}

/** An integration of its own, so that no test spends what another has. */
async function keyWith(calls_per_minute: number | null) {
  const body = { project_id: house.projectId, name: `way ${++count}`, calls_per_minute }
  const made = await house.api('POST', '/api/v1/integrations', body)
  expect(made.status).toBe(201)
  const path = `/api/v1/integrations/${made.body.integration.id}`
  return { path, key: String(made.body.api_key) }
}

/** A member of its own with a session token from that key. */
async function memberOf(apiKey: string, sub = `member-${++count}`) {
  const nowSeconds = Math.floor(clock.nowMs / 1000)
  const assertion = signer.sign(assertionClaims(house.projectId, nowSeconds, { sub }))
  const token = await mintToken({ ...house, apiKey }, assertion)
  const found = `/api/v1/members?project_id=${house.projectId}&external_id=${sub}`
  const { id } = (await house.api('GET', found)).body.items[0]
  return { sub, token, path: `/api/v1/members/${id}` }
}

const limitMembersTo = async (member_calls_per_minute: number | null) => {
  const path = `/api/v1/projects/${house.projectId}`
  expect((await house.api('PATCH', path, { member_calls_per_minute })).status).toBe(200)
}

const ping = { name: 'ping', arguments: {} }
const call = (token: string, via: typeof callModern = callLegacy) =>
  via(`${house.url}/mcp`, token, 'tools/call', ping)
const execute = (token: string, body: object = {}) =>
  house.api('POST', `/api/v1/custom-tools/${toolId}/execute`, body, token)

/** Calls that must go through, one after the other. */
async function spend(token: string, calls: number): Promise<void> {
  for (let each = 0; each < calls; each++) {
    const { status, body } = await call(token)
    expect([status, body.result?.structuredContent]).toEqual([200, { ok: true }])
  }
}

/** One call that must be refused and leave nothing behind; gives its wait in seconds. */
async function refusal(ask: () => Promise<{ status: number; headers: Headers; body: unknown }>) {
  const before = [house.upstream.hits.length, await house.runs('&limit=200')]
  const { status, headers, body } = await ask()
  expect({ status, body }).toMatchObject({
    status: 429,
    body: { status: 429, code: 'rate_limited', detail: 'Rate limit exceeded' },
  })
  expect(headers.get('content-type')).toStartWith('application/problem+json')
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d?$/)
  expect([house.upstream.hits.length, await house.runs('&limit=200')]).toEqual(before)
  return Number(headers.get('retry-after'))
}

const limitsOf = async (token: string) => {
  const params = { name: 'mcp_whoami', arguments: {} }
  const { status, body } = await callLegacy(`${house.url}/mcp`, token, 'tools/call', params)
  expect(status).toBe(200)
  return body.result.structuredContent.limits
}

describe('case 276: an integration with calls_per_minute', () => {
  test('lets that many through at once, then refuses with an honest Retry-After', async () => {
    const { key } = await keyWith(12)
    await spend(key, 12)
    expect(await refusal(() => call(key))).toBe(5)
    later(4)
    expect(await refusal(() => call(key))).toBe(1)
    later(1)
    await spend(key, 1)
    expect(await refusal(() => call(key))).toBe(5)
    expect(house.upstream.hits).toHaveLength(13)
    later(60)
    await spend(key, 12)
    await refusal(() => call(key))
  })

  test.each([1, 7, 59, 60, 61, 100])(
    '%i a minute: exactly after Retry-After seconds a call goes through',
    async (callsPerMinute) => {
      const { key } = await keyWith(callsPerMinute)
      await spend(key, callsPerMinute)
      const seconds = await refusal(() => call(key))
      expect(seconds).toBe(Math.ceil(60 / callsPerMinute))
      later(seconds)
      await spend(key, 1)
    },
  )

  test('shares it with every session token minted with its key', async () => {
    const { key } = await keyWith(4)
    const [alice, bob] = [await memberOf(key), await memberOf(key)]
    for (const token of [key, alice.token, bob.token, alice.token]) await spend(token, 1)
    for (const token of [key, alice.token, bob.token]) {
      expect(await refusal(() => call(token))).toBe(15)
    }
    const again = await memberOf(key, alice.sub)
    await refusal(() => call(again.token))
    await spend(house.apiKey, 1)
    later(15)
    await spend(bob.token, 1)
    await refusal(() => call(key))
  })

  test('is refused in both eras, and where a stream was asked for', async () => {
    const { key } = await keyWith(1)
    await spend(key, 1)
    const _meta = { progressToken: 'p' }
    for (const via of [callLegacy, callModern]) {
      await refusal(() => call(key, via))
      await refusal(() => via(`${house.url}/mcp`, key, 'tools/call', { ...ping, _meta }))
    }
  })

  test('counts execute with the key, and not with an admin token or for a dry run', async () => {
    const { key } = await keyWith(2)
    expect((await execute(key)).status).toBe(200)
    expect((await execute(key, { dry_run: true })).status).toBe(200)
    await spend(key, 1)
    expect(await refusal(() => execute(key))).toBe(30)
    await refusal(() => call(key))
    expect((await execute(key, { dry_run: true })).status).toBe(200)
    expect(house.upstream.hits).toHaveLength(2)
    for (let each = 0; each < 5; each++) {
      expect((await execute(house.adminToken)).status).toBe(200)
    }
    expect(house.upstream.hits).toHaveLength(7)
  })

  test('does not limit what calls no tool', async () => {
    const { key } = await keyWith(1)
    await spend(key, 1)
    await refusal(() => call(key))
    const clientInfo = { name: 'test', version: '1' }
    const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
    const url = `${house.url}/mcp`
    for (let each = 0; each < 3; each++) {
      for (const answer of [
        await callLegacy(url, key, 'initialize', initialize),
        await callLegacy(url, key, 'ping'),
        await callLegacy(url, key, 'tools/list'),
        await callModern(url, key, 'tools/list'),
        await callModern(url, key, 'server/discover'),
        await callLegacy(url, key, 'tools/call', { name: 'mcp_whoami', arguments: {} }),
      ]) {
        expect(answer.status).toBe(200)
        expect(answer.body.result).toBeDefined()
      }
      expect((await house.api('GET', '/api/v1/runs', undefined, key)).status).toBe(200)
      await memberOf(key)
    }
    await refusal(() => call(key))
  })

  test('is told to a page of an allowed origin, which may read the wait', async () => {
    const { key } = await keyWith(1)
    await spend(key, 1)
    const headers = { ...mcpHeaders(key), origin }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: ping })
    const answer = await fetch(`${house.url}/mcp`, { method: 'POST', headers, body })
    expect(answer.status).toBe(429)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After')
    expect(answer.headers.get('retry-after')).toBe('60')
  })
})

describe('case 276: the limits of members', () => {
  test("the project's member_calls_per_minute is each member's, and no one else's", async () => {
    await limitMembersTo(2)
    const { key } = await keyWith(null)
    const [alice, bob] = [await memberOf(key), await memberOf(key)]
    await spend(alice.token, 2)
    expect(await refusal(() => call(alice.token))).toBe(30)
    const { token: second } = await memberOf(key, alice.sub)
    await refusal(() => call(second))
    const { token: elsewhere } = await memberOf((await keyWith(null)).key, alice.sub)
    await refusal(() => call(elsewhere))
    await spend(bob.token, 2)
    await refusal(() => call(bob.token))
    await spend(key, 5)
    expect((await execute(house.adminToken)).status).toBe(200)
    later(30)
    await spend(alice.token, 1)
    await refusal(() => call(second))
  })

  test("a member's own limit goes before the project's, until it is null again", async () => {
    await limitMembersTo(2)
    const { key } = await keyWith(null)
    const [eager, slow] = [await memberOf(key), await memberOf(key)]
    await house.api('PATCH', eager.path, { calls_per_minute: 4 })
    await house.api('PATCH', slow.path, { calls_per_minute: 1 })
    await spend(eager.token, 4)
    expect(await refusal(() => call(eager.token))).toBe(15)
    await spend(slow.token, 1)
    expect(await refusal(() => call(slow.token))).toBe(60)
    const back = await house.api('PATCH', slow.path, { calls_per_minute: null })
    expect(back).toMatchObject({ status: 200, body: { calls_per_minute: null } })
    await spend(slow.token, 1)
    expect(await refusal(() => call(slow.token))).toBe(30)
  })

  test('null lifts a limit from the next call on, of the key as of the project', async () => {
    await limitMembersTo(1)
    const { key, path } = await keyWith(2)
    const alice = await memberOf(key)
    await spend(alice.token, 1)
    await refusal(() => call(alice.token))
    await limitMembersTo(null)
    await spend(alice.token, 1)
    expect(await refusal(() => call(alice.token))).toBe(30)
    expect((await house.api('PATCH', path, { calls_per_minute: null })).status).toBe(200)
    await spend(alice.token, 10)
    await spend(key, 10)
    expect(await limitsOf(alice.token)).toEqual({ key: null, member: null, quotas: [] })
  })

  test('a limit that is set holds from the next call on', async () => {
    await limitMembersTo(null)
    const { key, path } = await keyWith(null)
    await spend(key, 10)
    expect((await house.api('PATCH', path, { calls_per_minute: 3 })).status).toBe(200)
    await spend(key, 3)
    await refusal(() => call(key))
  })

  test('a call refused for its member is not counted against the key, nor the reverse', async () => {
    await limitMembersTo(1)
    const { key } = await keyWith(3)
    const [alice, bob] = [await memberOf(key), await memberOf(key)]
    await spend(alice.token, 1)
    for (let each = 0; each < 5; each++) await refusal(() => call(alice.token))
    const member = { calls_per_minute: 1, remaining: 0 }
    expect(await limitsOf(alice.token)).toEqual({
      key: { calls_per_minute: 3, remaining: 2 },
      member,
      quotas: [],
    })
    await spend(key, 2)
    for (let each = 0; each < 5; each++) expect(await refusal(() => call(bob.token))).toBe(20)
    expect(await limitsOf(bob.token)).toEqual({
      key: { calls_per_minute: 3, remaining: 0 },
      member: { calls_per_minute: 1, remaining: 1 },
      quotas: [],
    })
  })

  test('the reason says whose limit it is, the one that holds longest', async () => {
    await limitMembersTo(1)
    const { key } = await keyWith(2)
    const alice = await memberOf(key)
    await spend(alice.token, 1)
    const { body: member } = await call(alice.token)
    expect(member.reason).toBe('This member may make 1 call a minute. Try again in 60 s.')
    await spend(key, 1)
    const { body: ofKey } = await call(key)
    expect(ofKey.reason).toBe('This API key may make 2 calls a minute. Try again in 30 s.')
    expect((await call(alice.token)).body.reason).toBe(member.reason)
  })
})

describe('the limits in the management API', () => {
  test('are null at first, are shown where they are set, and stay when a key is rotated', async () => {
    await limitMembersTo(null)
    const project = `/api/v1/projects/${house.projectId}`
    const { path, key } = await keyWith(null)
    const member = await memberOf(key)
    expect((await house.api('GET', project)).body.member_calls_per_minute).toBeNull()
    expect((await house.api('GET', path)).body.api_key.calls_per_minute).toBeNull()
    expect((await house.api('GET', member.path)).body.calls_per_minute).toBeNull()

    await limitMembersTo(1_000_000)
    await house.api('PATCH', path, { calls_per_minute: 60 })
    await house.api('PATCH', member.path, { calls_per_minute: 1 })
    expect((await house.api('GET', project)).body.member_calls_per_minute).toBe(1_000_000)
    expect((await house.api('GET', path)).body.api_key.calls_per_minute).toBe(60)
    expect((await house.api('GET', member.path)).body.calls_per_minute).toBe(1)
    const listed = (await house.api('GET', `/api/v1/integrations?project_id=${house.projectId}`))
      .body.items
    expect(listed.at(-1).api_key.calls_per_minute).toBe(60)

    await house.api('PATCH', path, { name: 'renamed' })
    const rotated = await house.api('POST', `${path}/rotate`, {})
    expect(rotated.body.integration.api_key.calls_per_minute).toBe(60)
    await limitMembersTo(null)
  })

  test.each([[0], [-1], [1.5], [1_000_001], ['5'], [true], [[]], [{}]])(
    '%j is no limit: 422 naming the field, and what was set stays',
    async (value) => {
      const { path, key } = await keyWith(7)
      const member = await memberOf(key)
      await house.api('PATCH', member.path, { calls_per_minute: 8 })
      await limitMembersTo(9)
      const project = `/api/v1/projects/${house.projectId}`
      const refused = [
        [await house.api('PATCH', path, { calls_per_minute: value }), '/calls_per_minute'],
        [await house.api('PATCH', member.path, { calls_per_minute: value }), '/calls_per_minute'],
        [
          await house.api('PATCH', project, { member_calls_per_minute: value }),
          '/member_calls_per_minute',
        ],
        [
          await house.api('POST', '/api/v1/integrations', {
            project_id: house.projectId,
            name: 'never made',
            calls_per_minute: value,
          }),
          '/calls_per_minute',
        ],
      ] as const
      for (const [{ status, body }, pointer] of refused) {
        expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation_failed' })
        expect(body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer])
      }
      expect((await house.api('GET', path)).body.api_key.calls_per_minute).toBe(7)
      expect((await house.api('GET', member.path)).body.calls_per_minute).toBe(8)
      expect((await house.api('GET', project)).body.member_calls_per_minute).toBe(9)
      const { items } = (
        await house.api('GET', `/api/v1/integrations?limit=200&project_id=${house.projectId}`)
      ).body
      expect(JSON.stringify(items)).not.toContain('never made')
      await limitMembersTo(null)
    },
  )
})
