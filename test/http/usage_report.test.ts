import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { assertionClaims, mintToken, newAssertionKey, registerKey } from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'

const clock = { nowMs: Date.parse('2026-01-31T10:00:00Z') }
let house: House
let second: { id: number; key: string }
const tools: Record<string, number> = {}

const call = (token: string, name: string) =>
  callLegacy(`${house.url}/mcp`, token, 'tools/call', { name, arguments: {} })

// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
const usage = async (query = '', token?: string): Promise<any> => {
  const answer = await house.api(
    'GET',
    `/api/v1/usage?project_id=${house.projectId}${query}`,
    undefined,
    token,
  )
  return answer.body
}

beforeAll(async () => {
  house = await startHouse({
    clock: { nowMs: () => clock.nowMs, monotonicMs: () => performance.now() },
  })
  const signer = newAssertionKey('ES256', 'backend')
  await registerKey(house, signer)
  const made = await house.api('POST', '/api/v1/integrations', {
    project_id: house.projectId,
    name: '=cmd|calc',
  })
  second = { id: made.body.integration.id, key: made.body.api_key }
  const off = { mode: 'off', window_seconds: null }
  tools.get = (await house.addTool({ name: 'get' })).id
  tools.post = (await house.addTool({ name: 'post', http_method: 'POST', deduplication: off })).id
  const claims = assertionClaims(house.projectId, clock.nowMs / 1000, { sub: '+ann' })
  const session = await mintToken(house, signer.sign(claims))
  house.upstream.answer = () => new Response('{"n":12345}', { headers: json })
  await call(house.apiKey, 'get')
  await call(session, 'get')
  await call(session, 'post')
  clock.nowMs = Date.parse('2026-02-01T00:00:00Z')
  await call(second.key, 'post')
  house.upstream.answer = () => new Response('no', { status: 500 })
  await call(second.key, 'post')
})
beforeEach(() => house.reset())
afterAll(() => house.stop())

const json = { 'content-type': 'application/json' }
const told = ({ items }: { items: Record<string, unknown>[] }) =>
  items.map(({ id, name, day, calls, errors }) => [day ?? [id, name], calls, errors])

describe('usage', () => {
  test('by tool, integration, member and day; the totals are the same of all', async () => {
    const byTool = await usage()
    expect(byTool).toMatchObject({ group_by: 'tool', next_cursor: null })
    expect(told(byTool)).toEqual([
      [[tools.get, 'get'], 2, 0],
      [[tools.post, 'post'], 3, 1],
    ])
    expect(told(await usage('&group_by=integration'))).toEqual([
      [[house.integrationId, expect.any(String)], 3, 0],
      [[second.id, '=cmd|calc'], 2, 1],
    ])
    expect(told(await usage('&group_by=member'))).toEqual([
      [[null, null], 3, 1],
      [[expect.any(Number), '+ann'], 2, 0],
    ])
    expect(told(await usage('&group_by=day'))).toEqual([
      ['2026-01-31', 3, 0],
      ['2026-02-01', 2, 1],
    ])
    for (const group of ['tool', 'integration', 'member', 'day']) {
      const { totals, items } = await usage(`&group_by=${group}`)
      expect(totals).toMatchObject({ calls: 5, errors: 1, unknown: 0 })
      expect(totals.response_bytes).toBeGreaterThan(4 * 11)
      for (const name of ['calls', 'errors', 'response_bytes', 'request_bytes']) {
        const sum = items.reduce(
          (all: number, row: Record<string, number>) => all + (row[name] ?? 0),
          0,
        )
        expect([name, sum]).toEqual([name, totals[name]])
      }
      expect(totals.upstream_ms).toBeGreaterThan(0)
    }
  })

  test('of some days: from since on, before until', async () => {
    const days = async (query: string) => (await usage(`&group_by=day${query}`)).totals.calls
    expect(await days('&since=2026-02-01')).toBe(2)
    expect(await days('&until=2026-02-01')).toBe(3)
    expect(await days('&since=2026-01-31&until=2026-02-02')).toBe(5)
    expect(await days('&since=2026-02-02')).toBe(0)
  })

  test.each(['since=2026-02-30', 'since=yesterday', 'group_by=hour', 'format=xls', 'limit=0'])(
    '%s is refused: 422',
    async (query) => {
      const answer = await house.api('GET', `/api/v1/usage?project_id=${house.projectId}&${query}`)
      expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
    },
  )

  test('is read page by page; a cursor fits no other grouping', async () => {
    const first = await usage('&limit=1')
    expect(told(first)).toEqual([[[tools.get, 'get'], 2, 0]])
    const cursor = `&limit=1&cursor=${encodeURIComponent(first.next_cursor)}`
    const next = await usage(cursor)
    expect(told(next)).toEqual([[[tools.post, 'post'], 3, 1]])
    expect(next.next_cursor).toBeNull()
    expect(next.totals).toEqual(first.totals)
    expect(await usage(`${cursor}&group_by=day`)).toMatchObject({ code: 'invalid_cursor' })
  })

  test('is the same as the run history says', async () => {
    const runs = await house.runs('&limit=200')
    const { totals } = await usage()
    const sum = (name: string) =>
      runs.reduce((all: number, run: Record<string, number>) => all + (run[name] ?? 0), 0)
    expect(totals.calls).toBe(runs.length)
    expect(totals.request_bytes).toBe(sum('request_bytes'))
    expect(totals.response_bytes).toBe(sum('response_bytes'))
  })
})

describe('usage as CSV', () => {
  test('is a file whose cells no spreadsheet runs as formulas', async () => {
    const path = `/api/v1/usage?project_id=${house.projectId}&group_by=integration&format=csv`
    const { status, headers, body } = await house.api('GET', path)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(headers.get('content-disposition')).toBe(
      'attachment; filename="usage-by-integration.csv"',
    )
    const [head, , formula, end] = body.split('\r\n')
    expect(head).toBe(
      'integration_id,integration,calls,errors,unknown,request_bytes,response_bytes,upstream_ms',
    )
    expect(formula).toStartWith(`${second.id},"'=cmd|calc",2,1,0,`)
    expect(end).toBe('')
    expect(await usage('&group_by=member&format=csv')).toContain(`,"'+ann",2,0,0,`)
    expect(await usage('&group_by=day&format=csv')).toContain('\r\n2026-02-01,2,1,0,')
  })
})
