import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  type AssertionKeyPair,
  assertionClaims,
  exchangeAssertion,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

const startMs = Date.parse('2026-03-01T12:00:00Z')
let nowMs = startMs
let house: House
let served: ServedApi
let signer: AssertionKeyPair
let count = 0

beforeAll(async () => {
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
  house = await startHouse({ clock })
  served = await readServedApi(house)
  signer = newAssertionKey('ES256', 'backend')
  await registerKey(house, signer)
  for (const http_method of ['GET', 'POST']) {
    const input_schema = { type: 'object', properties: { n: { type: 'integer' } } }
    await house.addTool({
      name: http_method.toLowerCase(),
      http_method,
      input_schema,
      deduplication: { mode: 'off' },
    })
  }
  await house.addTool({ name: 'off', is_enabled: false })
})
beforeEach(() => {
  nowMs = startMs
  house.reset()
})
afterAll(() => house.stop())

const at = (seconds: number) => new Date(startMs + seconds * 1000).toISOString()
const setTo = (seconds: number) => {
  nowMs = startMs + seconds * 1000
}
const fresh = (name: string) => `${name}-${++count}`

const assertionOf = (sub: string, claims: object = {}) =>
  signer.sign(assertionClaims(house.projectId, Math.floor(nowMs / 1000), { sub, ...claims }))
const session = (sub: string, claims: object = {}) => mintToken(house, assertionOf(sub, claims))

const call = (token: string, name: string, args: object = {}) =>
  callLegacy(`${house.url}/mcp`, token, 'tools/call', { name, arguments: args })

const list = (query = '') =>
  served.api('GET', `/api/v1/members?project_id=${house.projectId}${query}`)

interface NamedTool {
  readonly id: number
  readonly name: string
}

/** The tools every test shares: `get`, `post` and `off`. */
const tools = async (): Promise<[NamedTool, NamedTool, NamedTool]> =>
  (await house.api('GET', `/api/v1/custom-tools?limit=3&project_id=${house.projectId}`)).body.items

async function recordOf(sub: string) {
  const { status, body } = await list(`&external_id=${encodeURIComponent(sub)}`)
  expect([status, body.items.length]).toEqual([200, 1])
  return body.items[0]
}

async function pathOf(sub: string): Promise<string> {
  return `/api/v1/members/${(await recordOf(sub)).id}`
}

describe('a member', () => {
  test('is on record from the first session token on, as the newest assertion tells', async () => {
    const sub = fresh('alice')
    await session(sub, { email: 'old@example.com', roles: ['reader'] })
    const record = {
      id: expect.any(Number),
      project_id: house.projectId,
      external_id: sub,
      email: 'old@example.com',
      roles: ['reader'],
      is_blocked: false,
      calls_per_minute: null,
      first_seen_at: at(0),
      last_seen_at: at(0),
      first_call_at: null,
      last_call_at: null,
      calls: 0,
      errors: 0,
      limits: {
        calls_per_minute: null,
        calls_per_day: null,
        calls_per_month: null,
        max_concurrent: null,
      },
    }
    expect(await recordOf(sub)).toEqual(record)
    setTo(30)
    await session(sub, { email: 'new@example.com', roles: ['admin', 'billing'] })
    const now = { email: 'new@example.com', roles: ['admin', 'billing'], last_seen_at: at(30) }
    expect(await recordOf(sub)).toEqual({ ...record, ...now })
    const one = await served.api('GET', await pathOf(sub))
    expect(one).toMatchObject({ status: 200, body: { ...record, ...now } })
    expect(house.upstream.hits).toEqual([])
  })

  test('is not made by an assertion that is refused, nor by listing or searching', async () => {
    const sub = fresh('nobody')
    const refused = await exchangeAssertion(house, assertionOf(sub, { aud: 'tengine:project:0' }))
    expect(refused.status).toBe(401)
    expect((await list(`&external_id=${sub}`)).body.items).toEqual([])
  })

  test('has its first and last call, and how many there were', async () => {
    const sub = fresh('alice')
    const token = await session(sub)
    for (const [seconds, tool] of [
      [10, 'get'],
      [20, 'post'],
      [40, 'get'],
    ] as const) {
      setTo(seconds)
      expect((await call(token, tool)).body.result.isError).toBeUndefined()
    }
    expect(await recordOf(sub)).toMatchObject({
      calls: 3,
      errors: 0,
      first_seen_at: at(0),
      last_seen_at: at(0),
      first_call_at: at(10),
      last_call_at: at(40),
    })
    expect(house.upstream.hits).toHaveLength(3)
  })

  test('has its first and last call by when they began, in whatever order they end', async () => {
    const sub = fresh('alice')
    const token = await session(sub)
    const { promise: received, resolve: receive } = Promise.withResolvers<void>()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    house.upstream.answer = async () => {
      receive()
      await released
      return Response.json({ ok: true })
    }
    setTo(10)
    const slow = call(token, 'post')
    await received
    house.upstream.answer = () => Response.json({ ok: true })
    setTo(20)
    await call(token, 'get')
    expect(await recordOf(sub)).toMatchObject({ first_call_at: at(20), last_call_at: at(20) })
    setTo(30)
    release()
    expect((await slow).status).toBe(200)
    expect(await recordOf(sub)).toMatchObject({
      calls: 2,
      first_call_at: at(10),
      last_call_at: at(20),
    })
  })

  test('has every failed call counted as an error, whatever it failed at', async () => {
    const sub = fresh('alice')
    const token = await session(sub)
    house.upstream.answer = () => new Response('no', { status: 500 })
    for (const [tool, args, code] of [
      ['get', {}, 'upstream_status'],
      ['post', {}, 'upstream_status'],
      ['get', { n: 'x' }, 'invalid_arguments'],
      ['post', { member_id: 'mallory' }, 'reserved_variable'],
      ['off', {}, 'tool_not_enabled'],
    ] as const) {
      const { result } = (await call(token, tool, args)).body
      expect(result._meta['tengine/error'].code).toBe(code)
    }
    house.upstream.answer = () => Response.json({ ok: true })
    await call(token, 'get')
    expect(await recordOf(sub)).toMatchObject({ calls: 6, errors: 5 })
    // The read that was answered 500 was asked for three times.
    expect(house.upstream.hits).toHaveLength(5)
  })

  test('has nothing counted that was no call of a tool, or not its own', async () => {
    const sub = fresh('alice')
    const token = await session(sub)
    const other = await session(fresh('bob'))
    const url = `${house.url}/mcp`
    await callLegacy(url, token, 'tools/list')
    await call(token, 'mcp_whoami')
    expect((await call(token, 'no-such-tool')).body.error.code).toBe(-32602)
    await call(other, 'get')
    await call(house.apiKey, 'get')
    expect(await recordOf(sub)).toMatchObject({ calls: 0, errors: 0, last_call_at: null })
  })

  test("does not answer for an administrator's trial, which is on record as one", async () => {
    const sub = fresh('alice')
    await session(sub)
    const as_member = { external_id: sub, email: null, roles: [] }
    const trials: [string, number][] = []
    for (const { id, name } of await tools()) {
      const path = `/api/v1/custom-tools/${id}/execute`
      const { status, body } = await house.api('POST', path, { as_member })
      trials.push([name, status])
      const run = await served.api('GET', `/api/v1/runs/${body.run_id ?? body.request_id}`)
      const trial = { member_external_id: sub, member_source: 'administrator', source: 'execute' }
      expect(run).toMatchObject({ status: 200, body: trial })
    }
    expect(trials).toEqual([
      ['get', 200],
      ['post', 200],
      ['off', 403],
    ])
    const named = house.upstream.hits.map(({ headers }) => headers.get('x-tengine-member-id'))
    expect(named).toEqual([sub, sub])
    expect(await recordOf(sub)).toMatchObject({ calls: 0, errors: 0, first_call_at: null })
    const { body } = await served.api('GET', `${await pathOf(sub)}/usage`)
    expect(body).toMatchObject({ calls: 0, errors: 0, tools: [] })
  })

  test('is the same whichever integration its session came from', async () => {
    const sub = fresh('alice')
    const body = { project_id: house.projectId, name: fresh('way') }
    const made = (await house.api('POST', '/api/v1/integrations', body)).body
    const second = await mintToken({ ...house, apiKey: made.api_key }, assertionOf(sub))
    await call(await session(sub), 'get')
    await call(second, 'get')
    expect(await recordOf(sub)).toMatchObject({ calls: 2 })
    const runs = await house.runs(`&member=${sub}`)
    expect(runs.map((run) => [run.integration_id, run.member_source])).toEqual([
      [made.integration.id, 'assertion'],
      [house.integrationId, 'assertion'],
    ])
  })
})

describe('the usage of a member', () => {
  test('is by tool, the most used first, within a span from `since` to before `until`', async () => {
    const sub = fresh('alice')
    const token = await session(sub)
    const [get, post] = await tools()
    for (const [seconds, tool, status] of [
      [10, 'get', 200],
      [20, 'post', 200],
      [20, 'post', 500],
      [30, 'post', 200],
      [40, 'get', 404],
    ] as const) {
      setTo(seconds)
      house.upstream.answer = () => new Response('{}', { status })
      await call(token, tool)
    }
    const path = `${await pathOf(sub)}/usage`
    const line = (tool: NamedTool, calls: number, errors: number) => ({
      tool_id: tool.id,
      name: tool.name,
      calls,
      errors,
    })
    const usage = async (query: string) => {
      const { status, body } = await served.api('GET', path + query)
      expect([status, body.external_id]).toEqual([200, sub])
      return body
    }
    expect(await usage('')).toMatchObject({
      since: null,
      until: null,
      calls: 5,
      errors: 2,
      tools: [
        { ...line(post, 3, 1), last_call_at: at(30) },
        { ...line(get, 2, 1), last_call_at: at(40) },
      ],
    })
    expect(await usage(`?since=${at(20)}&until=${at(30)}`)).toMatchObject({
      since: at(20),
      until: at(30),
      calls: 2,
      errors: 1,
      tools: [{ ...line(post, 2, 1), last_call_at: at(20) }],
    })
    expect(await usage(`?since=${at(30)}`)).toMatchObject({
      calls: 2,
      errors: 1,
      tools: [line(get, 1, 1), line(post, 1, 0)],
    })
    expect(await usage(`?until=${at(20)}`)).toMatchObject({ tools: [line(get, 1, 0)] })
    expect(await usage(`?since=${at(41)}`)).toMatchObject({ calls: 0, errors: 0, tools: [] })
  })

  test('keeps the name of a tool that was deleted', async () => {
    const sub = fresh('alice')
    const tool = await house.addTool({ name: fresh('short-lived') })
    await call(await session(sub), tool.name)
    await house.api('DELETE', `/api/v1/custom-tools/${tool.id}`)
    const { body } = await served.api('GET', `${await pathOf(sub)}/usage`)
    expect(body.tools).toMatchObject([{ tool_id: tool.id, name: tool.name, calls: 1 }])
  })

  test('of a span that is no time is 422', async () => {
    const sub = fresh('alice')
    await session(sub)
    for (const query of ['since=yesterday', 'until=2026-03-01', 'since=1772366400']) {
      const answer = await served.api('GET', `${await pathOf(sub)}/usage?${query}`)
      expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
      expect(answer.body.errors[0].pointer).toBe(`/${query.split('=')[0]}`)
    }
  })
})

describe('blocking a member', () => {
  test('ends its sessions with the next request and its minting, until it is unblocked', async () => {
    const sub = fresh('alice')
    const tokens = [await session(sub), await session(sub)]
    const other = await session(fresh('bob'))
    const path = await pathOf(sub)
    const blocked = await served.api('PATCH', path, { is_blocked: true })
    expect(blocked).toMatchObject({ status: 200, body: { external_id: sub, is_blocked: true } })
    setTo(30)
    for (const token of tokens) {
      const { status, body } = await call(token, 'post')
      expect({ status, body }).toMatchObject({
        status: 401,
        body: { code: 'invalid_token', detail: 'Token validation failed' },
      })
      expect((await callLegacy(`${house.url}/mcp`, token, 'tools/list')).status).toBe(401)
    }
    const minting = await exchangeAssertion(house, assertionOf(sub, { email: 'new@example.com' }))
    expect(minting).toMatchObject({
      status: 403,
      body: { code: 'member_blocked', detail: 'Member is blocked' },
    })
    expect(minting.body.token).toBeUndefined()
    expect(house.upstream.hits).toEqual([])
    expect(await recordOf(sub)).toMatchObject({
      email: null,
      calls: 0,
      last_seen_at: at(0),
      is_blocked: true,
    })
    expect((await call(other, 'get')).status).toBe(200)

    expect((await served.api('PATCH', path, { is_blocked: false })).status).toBe(200)
    for (const token of tokens) expect((await call(token, 'get')).status).toBe(200)
    expect((await exchangeAssertion(house, assertionOf(sub))).status).toBe(200)
  })

  test('uses no jti up: the same assertion is good once the member is unblocked', async () => {
    const sub = fresh('alice')
    await session(sub)
    const path = await pathOf(sub)
    const assertion = assertionOf(sub, { jti: fresh('jti') })
    await served.api('PATCH', path, { is_blocked: true })
    expect((await exchangeAssertion(house, assertion)).status).toBe(403)
    await served.api('PATCH', path, { is_blocked: false })
    expect((await exchangeAssertion(house, assertion)).status).toBe(200)
    expect((await exchangeAssertion(house, assertion)).body.code).toBe('assertion_replayed')
  })

  test('changes what is named and nothing else; what is no such change is 422', async () => {
    const sub = fresh('alice')
    await session(sub)
    const path = await pathOf(sub)
    await served.api('PATCH', path, { is_blocked: true, calls_per_minute: 5 })
    const both = { is_blocked: true, calls_per_minute: 5 }
    expect((await served.api('PATCH', path, {})).body).toMatchObject(both)
    for (const [body, pointer] of [
      [{ is_blocked: 'yes' }, '/is_blocked'],
      [{ is_blocked: null }, '/is_blocked'],
      [{ email: 'x@example.com' }, '/email'],
      [{ external_id: 'root' }, '/external_id'],
      [{ calls: 0 }, '/calls'],
    ] as const) {
      const answer = await served.api('PATCH', path, body)
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer }] } })
    }
    expect(await recordOf(sub)).toMatchObject({ ...both, email: null, external_id: sub })
    await served.api('PATCH', path, { calls_per_minute: null })
    expect(await recordOf(sub)).toMatchObject({ is_blocked: true, calls_per_minute: null })
  })
})
