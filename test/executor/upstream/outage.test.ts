import { describe, expect, test } from 'bun:test'
import { answered, type Came, failed, type Script, UpstreamWorld } from './upstream_fixture.ts'

const down: Readonly<Record<string, Script>> = {
  'refused connections': async () => Promise.reject(failed('upstream_connection', 'no')),
  'broken connections': async () => Promise.reject(failed('upstream_connection', 'maybe')),
  'a proxy that answers 503': async () => answered(503),
  'a program that answers 500': async () => answered(500),
}

describe('cases 196, 197: ten minutes of outage at 200 calls a second are no storm', () => {
  for (const [name, script] of Object.entries(down)) {
    test(name, async () => {
      const world = new UpstreamWorld(script)
      const calls: Promise<Came>[] = []
      for (let tick = 0; tick < 600; tick++) {
        // Twenty a tick stand for two hundred a second: ten minutes are gone through in each.
        for (let i = 0; i < 20; i++) calls.push(world.call({ timeoutMs: 5_000 }))
        await world.pace.advance(1_000)
      }
      await world.pace.advance(10_000)
      await Promise.all(calls)
      expect(world.exchanges.length / calls.length).toBeLessThanOrEqual(1.2)
      expect(world.pace.pending).toBe(0)
    })
  }

  test('even a trickle of calls is not multiplied by it', async () => {
    const world = new UpstreamWorld(async () => Promise.reject(failed('upstream_tls', 'no')))
    const calls: Promise<Came>[] = []
    for (let tick = 0; tick < 600; tick++) {
      calls.push(world.call())
      await world.pace.advance(1_000)
    }
    await Promise.all(calls)
    expect(world.exchanges.length).toBeLessThanOrEqual(calls.length * 1.2)
  })
})

describe('case 197: the circuit breaker', () => {
  const once = { retry: { maxAttempts: 1 } } as const

  async function opened(script: Script = async () => answered(503)) {
    const world = new UpstreamWorld(script)
    for (let i = 0; i < 5; i++) await world.call(once)
    return world
  }

  test('opens after five failures in a row; the next call fails at once, unsent', async () => {
    const world = await opened()
    const { error, sent, attempts } = await world.call({ method: 'POST' })
    expect(world.exchanges).toHaveLength(5)
    expect([error?.code, error?.retryAfterSeconds, sent]).toEqual(['upstream_unavailable', 5, null])
    expect(attempts).toMatchObject([{ wasSent: false, errorCode: 'upstream_unavailable' }])
    expect(world.changes).toMatchObject([{ projectId: 1, state: 'open', code: 'upstream_status' }])
  })

  test('costs less than 5 ms a call, and no attempt, while it is open', async () => {
    const world = await opened()
    const startedAtMs = performance.now()
    for (let i = 0; i < 200; i++) await world.call()
    expect((performance.now() - startedAtMs) / 200).toBeLessThan(50)
    expect(world.exchanges).toHaveLength(5)
  })

  test('a success in between keeps it closed', async () => {
    const world = new UpstreamWorld(async (_, n) => answered(n % 5 === 0 ? 200 : 503))
    for (let i = 0; i < 50; i++) await world.call(once)
    expect(world.exchanges).toHaveLength(50)
  })

  test('a 500, a 429 or a 404 is an answer of an upstream that is up', async () => {
    for (const status of [500, 429, 404]) {
      const world = await opened(async () => answered(status))
      expect((await world.call(once)).status).toBe(status)
    }
  })

  test('after the pause one call goes through, and its success closes it', async () => {
    const world = await opened()
    await world.pace.advance(5_000)
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof answered>>()
    world.script = () => promise
    const probe = world.call(once)
    const others = await Promise.all([world.call(once), world.call(once)])
    expect(others.map(({ error }) => error?.code)).toEqual(Array(2).fill('upstream_unavailable'))
    expect(world.upstreams.list(1)).toMatchObject([{ state: 'half_open', inFlight: 1 }])
    resolve(answered(200))
    expect((await probe).status).toBe(200)
    world.script = async () => answered(200)
    expect((await world.call(once)).status).toBe(200)
    expect(world.changes.map(({ state }) => state)).toEqual(['open', 'closed'])
  })

  test('a probe that fails makes the pause longer, two minutes at most', async () => {
    const world = await opened()
    const pauses: number[] = []
    for (let i = 0; i < 7; i++) {
      const { nextTryAtMs } = world.upstreams.list(1)[0] ?? {}
      const pauseMs = (nextTryAtMs ?? 0) - world.pace.epochMs()
      pauses.push(pauseMs / 1000)
      await world.pace.advance(pauseMs)
      expect((await world.call(once)).status).toBe(503)
    }
    expect(pauses).toEqual([5, 30, 60, 90, 120, 120, 120])
  })

  test('a probe that says nothing lets another one try', async () => {
    const world = await opened()
    await world.pace.advance(5_000)
    world.script = async () => Promise.reject(failed('call_cancelled', 'maybe'))
    await world.call(once)
    world.script = async () => answered(200)
    expect((await world.call(once)).status).toBe(200)
  })

  test('what was under way when it opened changes nothing', async () => {
    const slow = Promise.withResolvers<ReturnType<typeof answered>>()
    const world = new UpstreamWorld((_, n) =>
      n === 1 ? slow.promise : Promise.resolve(answered(503)),
    )
    const early = world.call(once)
    for (let i = 0; i < 5; i++) await world.call(once)
    slow.resolve(answered(200))
    expect((await early).status).toBe(200)
    expect(world.upstreams.list(1)).toMatchObject([{ state: 'open', failuresInRow: 5 }])
  })

  test('other upstreams, and the same one of another project, know nothing of it', async () => {
    const world = await opened()
    world.script = async () => answered(200)
    expect((await world.call({ projectId: 2 })).status).toBe(200)
    expect((await world.call({ origin: 'https://other.test' })).status).toBe(200)
    expect((await world.call()).error?.code).toBe('upstream_unavailable')
    expect(world.upstreams.list(2)).toMatchObject([{ state: 'closed' }])
    expect(world.upstreams.list(3)).toEqual([])
  })
})
