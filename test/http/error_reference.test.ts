import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { newAssertionKey, registerKey } from '../helpers/assertions.ts'
import { callLegacy, callModern, type RpcAnswer } from '../helpers/mcp_client.ts'
import { type ReferenceRow, tables } from './error_reference_rows.ts'
import { assertionOf, type FailingCall, sessionOf, type World } from './error_reference_world.ts'
import { startHouse } from './house.ts'

const startMs = Date.parse('2026-03-01T12:00:00Z')
let nowMs = startMs
let world: World

const [first, second] = [0, 0].map((port) =>
  Bun.listen({ hostname: '127.0.0.1', port, socket: { data: () => {} } }),
)
const closedUrls = {
  read: `http://127.0.0.1:${first?.port}`,
  write: `http://127.0.0.1:${second?.port}`,
}
first?.stop(true)
second?.stop(true)

beforeAll(async () => {
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
  const house = await startHouse({ clock, egressAllow: Object.values(closedUrls) })
  const key = newAssertionKey('ES256', 'backend')
  await registerKey(house, key)
  await house.addTool({ name: 'ping' })
  world = {
    house,
    key,
    closedUrls,
    nowSeconds: () => Math.floor(nowMs / 1000),
    later: (seconds) => {
      nowMs += seconds * 1000
    },
  }
})
beforeEach(() => {
  nowMs = startMs
  world.house.reset()
})
afterAll(() => world.house.stop())

/** What a refused request must leave as it was. */
async function traces(): Promise<object> {
  const { house } = world
  const kinds = ['runs', 'members', 'custom-tools', 'assertion-keys', 'integrations']
  const lists = kinds.map((kind) =>
    house.api('GET', `/api/v1/${kind}?limit=200&project_id=${house.projectId}`),
  )
  const pages = (await Promise.all(lists)).map(({ body }) => body)
  return { pages, hits: house.upstream.hits.length }
}

/** What a door tells of a call that failed, and how to find its run. */
interface Told {
  readonly error: object
  readonly runId: string
}

type Door = (call: FailingCall) => Promise<Told>

/** An HTTP 200 whose result is an error: the model is to read it. */
function toldToModel({ status, body }: RpcAnswer): Told {
  expect(status).toBe(200)
  const { isError, content, _meta } = body.result
  const { request_id: runId, ...error } = _meta['tengine/error']
  expect(isError).toBe(true)
  expect(content[0].text).toStartWith(`${error.detail}\n`)
  expect(body.result.structuredContent).toBeUndefined()
  return { error, runId }
}

const mcpDoor =
  (call: typeof callModern): Door =>
  async ({ tool, args }) => {
    const { house } = world
    const params = { name: tool.name, arguments: args }
    return toldToModel(await call(`${house.url}/mcp`, house.apiKey, 'tools/call', params))
  }

const executeDoor =
  (tokenOf: () => string): Door =>
  async ({ tool, args }) => {
    const path = `/api/v1/custom-tools/${tool.id}/execute`
    const answer = await world.house.api('POST', path, { arguments: args }, tokenOf())
    const { status, code, detail, request_id: runId } = answer.body
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toStartWith('application/problem+json')
    return { error: { status, code, detail }, runId }
  }

const doors: Readonly<Record<string, Door>> = {
  'MCP, era initialize': mcpDoor(callLegacy),
  'MCP, era 2026-07-28': mcpDoor(callModern),
  'execute, as administrator': executeDoor(() => world.house.adminToken),
  'execute, with an API key': executeDoor(() => world.house.apiKey),
}

function testRefusals({ status, detail, code, refusals }: ReferenceRow): void {
  test.each(Object.entries(refusals))('for %s', async (_way, prepare) => {
    const ask = await prepare(world)
    const before = await traces()
    const answer = await ask()
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toStartWith('application/problem+json')
    expect(answer.body).toMatchObject({ status, detail, code })
    const challenge = answer.headers.get('www-authenticate') ?? ''
    expect(challenge.includes('error="invalid_token"')).toBe(status === 401)
    expect((answer.body.errors ?? []).length > 0).toBe(status === 422)
    expect(await traces()).toEqual(before)
  })
}

function testFailures({ status, detail, code, failures }: ReferenceRow): void {
  const ways = Object.entries(failures).flatMap(([way, prepare]) =>
    Object.entries(doors).map(([name, door]) => [way, name, prepare, door] as const),
  )
  test.each(ways)('for %s, through %s', async (_way, _name, prepare, door) => {
    const call = await prepare(world)
    const { error, runId } = await door(call)
    expect(error).toEqual({ status, detail, code })
    expect(world.house.upstream.hits).toHaveLength(call.hits)
    expect((await world.house.api('GET', `/api/v1/runs/${runId}`)).body).toMatchObject({
      tool_id: call.tool.id,
      error_code: code,
      state: call.hits === 0 ? 'failed_not_sent' : 'done',
    })
  })
}

describe('the error reference', () => {
  test('has 8, 9, 8, 4 and 3 rows, and each of them is provoked', () => {
    const numbers = Object.values(tables).map((rows) => rows.map(({ row }) => row))
    const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
    expect(numbers).toEqual([8, 9, 8, 4, 3].map(upTo))
    for (const rows of Object.values(tables)) {
      expect(new Set(rows.map(({ text }) => text)).size).toBe(rows.length)
      for (const { text, detail, refusals, failures } of rows) {
        expect(detail).toStartWith(text)
        expect(Object.keys({ ...refusals, ...failures })).not.toEqual([])
      }
    }
  })

  test('stands on a world that works: key, session token and assertion are good', async () => {
    const { house } = world
    for (const token of [house.apiKey, await sessionOf(world)]) {
      const params = { name: 'ping', arguments: {} }
      const { body } = await callLegacy(`${house.url}/mcp`, token, 'tools/call', params)
      expect(body.result.structuredContent).toEqual({ ok: true })
    }
    expect(house.upstream.hits).toHaveLength(2)
    const body = { member_assertion: assertionOf(world) }
    const answer = await house.api('POST', '/api/v1/mcp/session-token', body, house.apiKey)
    expect(answer.status).toBe(200)
  })
})

for (const [table, rows] of Object.entries(tables)) {
  describe(`the error reference, ${table}`, () => {
    for (const each of rows) {
      describe(`row ${each.row}: ${each.status} ${each.text}`, () => {
        testRefusals(each)
        testFailures(each)
      })
    }
  })
}
