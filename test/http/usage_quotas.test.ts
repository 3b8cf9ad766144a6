import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { owners, UsageWorld } from './usage_world.ts'

let world: UsageWorld
beforeAll(async () => {
  world = await UsageWorld.start()
})
beforeEach(() => world.house.reset())
afterAll(() => world.house.stop())

describe('case 276: quotas', () => {
  test.each(owners)(
    'calls_per_day of a %s: that many, then 429 until midnight UTC',
    async (owner) => {
      world.at('2026-03-30T23:59:00Z')
      const place = await world.newPlace()
      await world.limit(place, owner, { calls_per_day: 3 })
      await world.spend(place.session, 3)
      expect(await world.refused(place.session)).toEqual({
        code: 'quota_exceeded',
        reason: `This ${owner} may make 3 calls a day (calls_per_day). The next day begins at 2026-03-31T00:00:00Z.`,
        wait: 60,
      })
      expect(await world.runCount(place)).toBe(3)
      world.at('2026-03-30T23:59:59.999Z')
      expect(await world.refused(place.session)).toMatchObject({ wait: 1 })
      world.at('2026-03-31T00:00:00Z')
      await world.spend(place.session, 3)
      await world.refused(place.session)
    },
  )

  test.each(owners)('calls_per_month of a %s: until the next month begins', async (owner) => {
    world.at('2026-02-27T12:00:00Z')
    const place = await world.newPlace()
    await world.limit(place, owner, { calls_per_month: 4 })
    await world.spend(place.session, 2)
    world.at('2026-02-28T12:00:00Z')
    const again = await world.signIn(place.projectId, place.keys[0])
    await world.spend(again, 2)
    expect(await world.refused(again)).toEqual({
      code: 'quota_exceeded',
      reason: `This ${owner} may make 4 calls a month (calls_per_month). The next month begins at 2026-03-01T00:00:00Z.`,
      wait: 43_200,
    })
    world.at('2026-03-01T00:00:00Z')
    const anew = await world.signIn(place.projectId, place.keys[0])
    await world.spend(anew, 4)
    await world.refused(anew)
  })

  test.each(owners)('calls_per_minute of a %s: as many at once, then one by one', async (owner) => {
    world.at('2026-03-30T10:00:00Z')
    const place = await world.newPlace()
    await world.limit(place, owner, { calls_per_minute: 12 })
    await world.spend(place.session, 12)
    expect(await world.refused(place.session)).toEqual({
      code: 'rate_limited',
      reason: `This ${owner} may make 12 calls a minute. Try again in 5 s.`,
      wait: 5,
    })
    world.at('2026-03-30T10:00:05Z')
    await world.spend(place.session, 1)
    await world.refused(place.session)
  })

  test('of two integrations each has its own; the project has that of both', async () => {
    world.at('2026-03-30T10:00:00Z')
    const place = await world.newPlace()
    const [first, second] = place.keys
    await world.limit(place, 'integration', { calls_per_day: 2 })
    await world.spend(first, 2)
    await world.refused(first)
    await world.spend(second, 4)
    await world.limit(place, 'project', { calls_per_day: 7 })
    await world.spend(second, 1)
    expect((await world.refused(second)).reason).toStartWith('This project may make 7 calls a day')
  })

  test('of a tool holds for all who call it, for administrators too, and for no other tool', async () => {
    const place = await world.newPlace()
    await world.limit(place, 'tool', { calls_per_day: 2 })
    await world.spend(place.session, 1)
    const execute = () => world.house.api('POST', `${place.paths.tool}/execute`, {})
    expect((await execute()).status).toBe(200)
    const sent = world.house.upstream.hits.length
    expect(await execute()).toMatchObject({ status: 429, body: { code: 'quota_exceeded' } })
    expect(world.house.upstream.hits).toHaveLength(sent)
    await world.refused(place.keys[1])
    await world.spend(place.session, 1, 'pong')
  })

  test('a refused call counts nowhere: not for the other limits, not for the minute of its key', async () => {
    world.at('2026-03-30T10:00:00Z')
    const place = await world.newPlace()
    const [first] = place.keys
    await world.house.api('PATCH', place.paths.integration, { calls_per_minute: 3 })
    await world.limit(place, 'project', { calls_per_day: 3 })
    await world.limit(place, 'tool', { calls_per_day: 1 })
    await world.spend(first, 1)
    for (let each = 0; each < 5; each++) await world.refused(first)
    await world.spend(first, 2, 'pong')
    expect((await world.refused(first, 'pong')).code).toBe('rate_limited')
  })

  test('a limit that is set later counts what was called before; raised or ended, it holds no more', async () => {
    world.at('2026-03-30T10:00:00Z')
    const place = await world.newPlace()
    await world.spend(place.session, 3)
    await world.limit(place, 'project', { calls_per_day: 3 })
    await world.refused(place.session)
    await world.limit(place, 'project', { calls_per_day: 4 })
    await world.spend(place.session, 1)
    await world.refused(place.session)
    await world.limit(place, 'project', { calls_per_day: null })
    await world.spend(place.session, 2)
    expect((await world.house.api('GET', place.paths.project)).body.limits).toEqual({
      calls_per_minute: null,
      calls_per_day: null,
      calls_per_month: null,
      max_concurrent: null,
    })
  })

  test('failed calls count; calls of a tool that is not there do not', async () => {
    const place = await world.newPlace()
    await world.limit(place, 'project', { calls_per_day: 2 })
    expect((await world.call(place.session, 'nothing')).status).toBe(200)
    world.house.upstream.answer = () => new Response('no', { status: 500 })
    await world.call(place.session)
    world.house.reset()
    await world.spend(place.session, 1)
    await world.refused(place.session)
  })

  test('a repeat that an earlier run answers is no call', async () => {
    world.at('2026-03-30T10:00:00Z')
    const place = await world.newPlace()
    await world.house.api('PATCH', place.paths.tool, {
      deduplication: { mode: 'identical', window_seconds: 60 },
    })
    await world.limit(place, 'tool', { calls_per_day: 2 })
    await world.spend(place.session, 5)
    expect(world.house.upstream.hits).toHaveLength(1)
    world.at('2026-03-30T10:02:00Z')
    await world.spend(place.session, 1)
    expect(world.house.upstream.hits).toHaveLength(2)
    expect((await world.refused(place.session)).code).toBe('quota_exceeded')
  })

  test('lets exactly that many of many callers at once through', async () => {
    world.at('2026-03-30T10:00:00Z')
    const place = await world.newPlace()
    await world.spend(place.session, 3)
    await world.limit(place, 'project', { calls_per_day: 20 })
    await world.limit(place, 'tool', { calls_per_month: 15 })
    await world.limit(place, 'member', { calls_per_day: 11 })
    const tokens = [place.session, ...place.keys]
    const calls = Array.from({ length: 60 }, (_, index) =>
      world.call(tokens[index % 3] ?? '', index % 2 === 0 ? 'ping' : 'pong'),
    )
    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(17)
    expect(await world.runCount(place)).toBe(20)
    expect((await world.refused(place.keys[1], 'pong')).reason).toStartWith('This project')
  })

  test('mcp_whoami tells what is left, and when it begins anew', async () => {
    world.at('2026-03-30T10:00:00Z')
    const place = await world.newPlace()
    await world.limit(place, 'project', { calls_per_month: 10, calls_per_minute: 5 })
    await world.limit(place, 'member', { calls_per_day: 3, max_concurrent: 2 })
    await world.spend(place.session, 2)
    const { body } = await world.call(place.session, 'mcp_whoami')
    expect(body.result.structuredContent.limits.quotas).toEqual([
      { of: 'project', limit: 'calls_per_minute', allowed: 5, remaining: 3, resets_at: null },
      {
        of: 'project',
        limit: 'calls_per_month',
        allowed: 10,
        remaining: 8,
        resets_at: '2026-04-01T00:00:00.000Z',
      },
      {
        of: 'member',
        limit: 'calls_per_day',
        allowed: 3,
        remaining: 1,
        resets_at: '2026-03-31T00:00:00.000Z',
      },
      { of: 'member', limit: 'max_concurrent', allowed: 2, remaining: 2, resets_at: null },
    ])
  })
})
