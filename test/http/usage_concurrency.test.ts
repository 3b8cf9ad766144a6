import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { owners, UsageWorld } from './usage_world.ts'

let world: UsageWorld
beforeAll(async () => {
  world = await UsageWorld.start()
})
beforeEach(() => world.house.reset())
afterAll(() => world.house.stop())

describe('case 276: max_concurrent', () => {
  test.each(owners)('of a %s: that many under way, the next is refused', async (owner) => {
    const place = await world.newPlace()
    await world.limit(place, owner, { max_concurrent: 2 })
    const release = world.holdUpstream()
    const running = [world.call(place.session), world.call(place.session)]
    await world.untilSent(2)
    expect(await world.refused(place.session)).toEqual({
      code: 'rate_limited',
      reason: `This ${owner} may have 2 calls under way at a time (max_concurrent). Try again when one has ended.`,
      wait: 1,
    })
    release()
    await Promise.all(running)
    world.house.reset()
    await world.spend(place.session, 3)
  })

  test('holds also for calls that were under way when it was set', async () => {
    const place = await world.newPlace()
    const release = world.holdUpstream()
    const running = world.call(place.session)
    await world.untilSent(1)
    await world.limit(place, 'tool', { max_concurrent: 1 })
    await world.refused(place.session)
    release()
    await running
    world.house.reset()
    await world.spend(place.session, 1)
  })

  test('makes room again however a call ends', async () => {
    const place = await world.newPlace()
    await world.limit(place, 'project', { max_concurrent: 1 })
    world.house.upstream.answer = () => new Response('no', { status: 500 })
    expect((await world.call(place.session)).body.result.isError).toBe(true)
    world.house.reset()
    await world.spend(place.session, 1)
    await world.house.api('PATCH', place.paths.tool, {
      input_schema: { type: 'object', required: ['a'] },
    })
    expect((await world.call(place.session)).status).toBe(200)
    await world.house.api('PATCH', place.paths.tool, {
      input_schema: { type: 'object' },
      is_enabled: false,
    })
    expect((await world.call(place.session)).status).toBe(200)
    await world.house.api('PATCH', place.paths.tool, { is_enabled: true, timeout_ms: 100 })
    world.house.upstream.answer = () => new Promise<Response>(() => {})
    const late = await world.whileTimePasses(() => world.call(place.session))
    expect(late.body.result.isError).toBe(true)
    world.house.reset()
    await world.spend(place.session, 1, 'pong')
    await world.house.api('PATCH', place.paths.tool, { timeout_ms: 30_000 })
  })

  test('makes room again when the caller goes away', async () => {
    const place = await world.newPlace()
    await world.limit(place, 'project', { max_concurrent: 1 })
    world.holdUpstream()
    const controller = new AbortController()
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'pong' } }
    const leaving = fetch(`${world.house.url}/mcp`, {
      method: 'POST',
      signal: controller.signal,
      headers: {
        authorization: `Bearer ${place.session}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify(body),
    }).catch(() => null)
    await world.untilSent(1)
    controller.abort()
    await leaving
    while ((await world.runCount(place)) < 1) await Bun.sleep(5)
    world.house.reset()
    await world.spend(place.session, 1)
  })
})
