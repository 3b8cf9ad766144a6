import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { owners, type Place, UsageWorld } from './usage_world.ts'

let world: UsageWorld
beforeAll(async () => {
  world = await UsageWorld.start()
})
beforeEach(() => world.house.reset())
afterAll(() => world.house.stop())

describe('thresholds', () => {
  const events = async ({ projectId }: Place) => {
    const query = `project_id=${projectId}&action=usage.threshold&limit=200`
    const { items } = (await world.house.api('GET', `/api/v1/audit?${query}`)).body
    return items
      .map(({ target, actor, details }: Record<string, unknown>) => ({ target, actor, details }))
      .reverse()
  }
  const settled = async (place: Place, wanted: number) => {
    while ((await events(place)).length < wanted) await Bun.sleep(2)
    return events(place)
  }

  test('80 % and 100 % of a quota are an event and a log line each, once a day', async () => {
    world.at('2026-03-30T10:00:00Z')
    const place = await world.newPlace()
    await world.limit(place, 'project', { calls_per_day: 5 })
    await world.spend(place.session, 5)
    for (let each = 0; each < 3; each++) await world.refused(place.session)
    const told = (percent: number, used: number, period: string) => ({
      target: `project:${place.projectId}`,
      actor: 'system',
      details: { limit: 'calls_per_day', allowed: 5, used, percent, period },
    })
    const today = [told(80, 4, '2026-03-30'), told(100, 5, '2026-03-30')]
    expect(await settled(place, 2)).toEqual(today)
    const lines = world.house.logLines().map((line) => JSON.parse(line))
    const mine = lines.filter(
      (line) => line.event === 'usage_threshold' && line.of === `project:${place.projectId}`,
    )
    expect(mine).toMatchObject([
      { limit: 'calls_per_day', percent: 80 },
      { limit: 'calls_per_day', percent: 100 },
    ])
    world.at('2026-03-31T00:00:00Z')
    await world.spend(place.keys[0], 4)
    expect(await settled(place, 3)).toEqual([...today, told(80, 4, '2026-03-31')])
    expect((await world.house.api('GET', '/api/v1/audit/verify')).body.valid).toBe(true)
  })

  test('max_concurrent is one the first time a day that it refuses a call', async () => {
    const place = await world.newPlace()
    await world.limit(place, 'tool', { max_concurrent: 1 })
    const release = world.holdUpstream()
    const running = world.call(place.session)
    await world.untilSent(1)
    await world.refused(place.session)
    await world.refused(place.session)
    release()
    await running
    expect(await settled(place, 1)).toMatchObject([
      { target: `tool:${place.tools.ping}`, details: { limit: 'max_concurrent', percent: 100 } },
    ])
  })
})

describe('limits in the management API', () => {
  test.each([0, -1, 1.5, '5', true, 2_000_000_000])(
    '%p is none: 422, and what was set stays',
    async (bad) => {
      const place = await world.newPlace()
      await world.limit(place, 'member', { calls_per_day: 7 })
      for (const owner of owners) {
        const answer = await world.house.api('PATCH', place.paths[owner], {
          limits: { calls_per_day: bad },
        })
        expect(answer).toMatchObject({
          status: 422,
          body: { errors: [{ pointer: '/limits/calls_per_day' }] },
        })
      }
      expect((await world.house.api('GET', place.paths.member)).body.limits.calls_per_day).toBe(7)
    },
  )

  test('change no version of a tool, stay beside other changes, and are on record', async () => {
    const place = await world.newPlace()
    await world.limit(place, 'tool', { calls_per_day: 7 })
    await world.limit(place, 'tool', { max_concurrent: 2 })
    const changed = await world.house.api('PATCH', place.paths.tool, { description: 'new' })
    expect(changed.body).toMatchObject({
      version: 2,
      limits: {
        calls_per_minute: null,
        calls_per_day: 7,
        calls_per_month: null,
        max_concurrent: 2,
      },
    })
    const query = `project_id=${place.projectId}&action=usage_limits.update`
    const { items } = (await world.house.api('GET', `/api/v1/audit?${query}`)).body
    expect(items).toMatchObject([
      { target: `tool:${place.tools.ping}`, details: { max_concurrent: { from: null, to: 2 } } },
      { target: `tool:${place.tools.ping}`, details: { calls_per_day: { from: null, to: 7 } } },
    ])
  })
})

describe('pausing a project', () => {
  test('refuses every call at once, sends nothing, and is on record; resumed, calls go through', async () => {
    const place = await world.newPlace()
    await world.spend(place.session, 1)
    const paused = await world.house.api('POST', `${place.paths.project}/pause`)
    expect(paused).toMatchObject({ status: 200, body: { is_suspended: true } })
    const sent = world.house.upstream.hits.length
    for (const token of [place.session, ...place.keys]) {
      expect(await world.call(token)).toMatchObject({
        status: 403,
        body: { code: 'project_suspended' },
      })
    }
    const tried = await world.house.api('POST', `${place.paths.tool}/execute`, {})
    expect(tried).toMatchObject({ status: 403, body: { code: 'project_suspended' } })
    expect(world.house.upstream.hits).toHaveLength(sent)
    const resumed = await world.house.api('POST', `${place.paths.project}/resume`)
    expect(resumed).toMatchObject({ status: 200, body: { is_suspended: false } })
    await world.spend(place.session, 1)
    const query = `project_id=${place.projectId}&action=project.update`
    const { items } = (await world.house.api('GET', `/api/v1/audit?${query}`)).body
    expect(items).toMatchObject([
      { details: { is_suspended: { from: true, to: false } } },
      { details: { is_suspended: { from: false, to: true } } },
    ])
  })
})
