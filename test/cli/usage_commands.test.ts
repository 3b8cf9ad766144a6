import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy } from '../helpers/mcp_client.ts'
import { failed, type HouseCli, startHouseCli } from './house_cli.ts'

let cli: HouseCli
beforeAll(async () => {
  cli = await startHouseCli({})
  await cli.house.addTool({ name: 'list' })
  await cli.house.addTool({ name: 'add', http_method: 'POST' })
  const call = (name: string) =>
    callLegacy(`${cli.house.url}/mcp`, cli.house.apiKey, 'tools/call', { name, arguments: {} })
  await call('list')
  cli.time.nowMs += 86_400_000
  await call('list')
  cli.house.upstream.answer = () => new Response('', { status: 500 })
  await call('add')
})
afterAll(() => cli.house.stop())

const withoutTimes = (text: string) => text.replace(/ +[\d.]+ ms/g, ' MS').replace(/ {2,}/g, '  ')

describe('usage', () => {
  test('adds up by tool, with a line for all', async () => {
    const { code, stdout } = await cli.on('usage')
    expect(code).toBe(0)
    const lines = withoutTimes(stdout).split('\n')
    expect(lines[0]).toMatch(/^TOOL +CALLS +ERRORS +UNKNOWN +SENT +RECEIVED +UPSTREAM$/)
    expect(lines[1]).toStartWith('list  2  0  0  ')
    expect(lines[2]).toStartWith('add  1  1  0  ')
    expect(lines[3]).toStartWith('all  3  1  0  ')
  })

  test('--by, --since and --until tell days apart; --json is the answer', async () => {
    const { items, totals } = await cli.json('usage --by day --since 2026-02-01')
    expect(items).toMatchObject([{ day: '2026-02-01', calls: 2, errors: 1 }])
    expect(totals.calls).toBe(2)
    const early = await cli.json('usage --by day --since 30d --until 2026-02-01')
    expect(early.items).toMatchObject([{ day: '2026-01-31', calls: 1, errors: 0 }])
    expect((await cli.on('usage --since 2026-03-01')).stdout).toBe('None.\n')
  })

  test('--csv prints the file', async () => {
    const { stdout } = await cli.on('usage --csv')
    const lines = stdout.split('\r\n')
    expect(lines[0]).toStartWith('tool_id,tool,calls,errors,')
    expect(lines[1]).toStartWith('1,list,2,0,0,')
    expect(lines).toHaveLength(4)
  })

  test('a bad date or group ends with 2 and asks nothing; one the server refuses with 1', async () => {
    for (const words of ['usage --by hour', 'usage --since soon']) {
      expect((await cli.on(words)).code).toBe(2)
    }
    const refused = await cli.on('usage --csv --cursor nonsense')
    expect(failed(refused)[0]).toBe(1)
    expect(refused.stderr).toContain('The cursor is not valid')
  })
})

describe('limits', () => {
  test.each([
    ['project update 1', 'projects/1'],
    ['integration update 1', 'integrations/1'],
    ['tool update list', 'custom-tools/1'],
  ])('%s sets and ends each limit', async (command, path) => {
    const set = '--calls-per-minute 1 --calls-per-day 2 --calls-per-month 3 --max-concurrent 4'
    expect((await cli.on(`${command} ${set}`)).code).toBe(0)
    const limits = async () => (await cli.house.api('GET', `/api/v1/${path}`)).body.limits
    expect(await limits()).toEqual({
      calls_per_minute: 1,
      calls_per_day: 2,
      calls_per_month: 3,
      max_concurrent: 4,
    })
    await cli.on(`${command} --calls-per-day none`)
    expect(await limits()).toMatchObject({ calls_per_day: null, calls_per_month: 3 })
    const bad = await cli.on(`${command} --calls-per-day many`)
    expect(bad.code).toBe(2)
    expect(bad.sent.filter(({ method }) => method === 'PATCH')).toEqual([])
  })

  test('project pause and resume', async () => {
    expect((await cli.json('project pause 1')).is_suspended).toBe(true)
    expect((await cli.json('project resume 1')).is_suspended).toBe(false)
  })
})
