import { describe, expect, test } from 'bun:test'
import type { UpstreamResponse } from '../../../src/executor/connector/exchange.ts'
import { settled } from './frozen_pace.ts'
import { answered, UpstreamWorld } from './upstream_fixture.ts'

/** An upstream that answers when it is told to, oldest first. */
function held(limits?: { concurrency: number; queue: number }) {
  const open: ((response: UpstreamResponse) => void)[] = []
  const world = new UpstreamWorld(() => {
    const { promise, resolve } = Promise.withResolvers<UpstreamResponse>()
    open.push(resolve)
    return promise
  }, limits)
  const answerNext = async () => {
    open.shift()?.(answered(200))
    await settled()
  }
  return { world, open, answerNext }
}

describe('case 198: a slow upstream holds no more than its share', () => {
  test('of 1,000 calls 64 are under way, 128 wait, the rest is refused unsent', async () => {
    const { world, open, answerNext } = held()
    const calls = Array.from({ length: 1_000 }, () => world.call({ method: 'POST' }))
    await settled()
    expect(world.exchanges).toHaveLength(64)
    expect(world.upstreams.list(1)).toMatchObject([{ inFlight: 64, queued: 128 }])
    const refused = await Promise.all(calls.slice(192))
    expect(new Set(refused.map(({ error }) => error?.code))).toEqual(
      new Set(['upstream_overloaded']),
    )
    expect(refused[0]?.error?.retryAfterSeconds).toBe(1)
    for (let i = 0; i < 192; i++) await answerNext()
    const served = await Promise.all(calls.slice(0, 192))
    expect(served.every(({ status }) => status === 200)).toBe(true)
    expect([world.exchanges.length, open.length, world.pace.pending]).toEqual([192, 0, 0])
    expect(world.upstreams.list(1)).toMatchObject([{ inFlight: 0, queued: 0 }])
  })

  test('another upstream is served meanwhile', async () => {
    const { world } = held()
    const calls = Array.from({ length: 200 }, () => world.call())
    await settled()
    world.script = async () => answered(200)
    expect((await world.call({ origin: 'https://quick.test' })).status).toBe(200)
    expect((await world.call({ projectId: 2 })).status).toBe(200)
    await world.pace.advance(10_000)
    expect((await calls[64])?.error?.code).toBe('upstream_overloaded')
  })

  test('the line is kept in order', async () => {
    const { world, answerNext } = held({ concurrency: 1, queue: 3 })
    const order: number[] = []
    const calls = [0, 1, 2, 3].map(async (n) => {
      await world.call()
      order.push(n)
    })
    await settled()
    for (let i = 0; i < 4; i++) await answerNext()
    await Promise.all(calls)
    expect(order).toEqual([0, 1, 2, 3])
  })

  test('a call waits no longer than its deadline; it was not sent, and the place is not lost', async () => {
    const { world, answerNext } = held({ concurrency: 1, queue: 8 })
    const first = world.call()
    const short = world.call({ timeoutMs: 500 })
    const long = world.call({ timeoutMs: 9_000 })
    await world.pace.advance(500)
    const { error, attempts } = await short
    expect(error?.code).toBe('upstream_overloaded')
    expect(error?.reason).toContain('waited 500 ms')
    expect(attempts).toMatchObject([{ wasSent: false, queueMs: 500, next: 'final' }])
    await answerNext()
    await answerNext()
    expect([(await first).status, (await long).status]).toEqual([200, 200])
    expect((await long).attempts).toMatchObject([{ queueMs: 500, status: 200 }])
    expect([world.exchanges.length, world.pace.pending]).toEqual([2, 0])
  })

  test('R3: a credential that was revoked while its call waited sends nothing', async () => {
    const { world, answerNext } = held({ concurrency: 1, queue: 8 })
    const first = world.call()
    let isRevoked = false
    const waiting = world.call({ isRevoked: () => isRevoked })
    await settled()
    isRevoked = true
    await answerNext()
    expect((await first).status).toBe(200)
    expect((await waiting).error?.code).toBe('aborted_before_send')
    expect(world.exchanges).toHaveLength(1)
    expect(world.upstreams.list(1)).toMatchObject([{ inFlight: 0, queued: 0 }])
  })

  test('a caller who goes away leaves the line', async () => {
    const { world, answerNext } = held({ concurrency: 1, queue: 8 })
    const first = world.call()
    const gone = new AbortController()
    const waiting = world.call({ signal: gone.signal })
    await settled()
    gone.abort()
    expect((await waiting).error?.code).toBe('call_cancelled')
    await answerNext()
    expect((await first).status).toBe(200)
    expect(world.exchanges).toHaveLength(1)
  })

  test('who waits when the breaker opens is told at once, unsent', async () => {
    const { world, open } = held({ concurrency: 5, queue: 8 })
    const once = { retry: { maxAttempts: 1 } } as const
    const calls = Array.from({ length: 13 }, () => world.call(once))
    await settled()
    // Four places that come free go to who waits first; the fifth failure opens the breaker.
    for (const resolve of open.splice(0)) {
      resolve(answered(503))
      await settled()
    }
    const waited = await Promise.all(calls.slice(9))
    expect(waited.map(({ error }) => error?.code)).toEqual(Array(4).fill('upstream_unavailable'))
    expect(world.exchanges).toHaveLength(9)
    expect(world.upstreams.list(1)).toMatchObject([{ state: 'open', queued: 0, inFlight: 4 }])
    expect(world.pace.pending).toBe(0)
  })
})

test('memory is bounded: of ten thousand upstreams the idle ones are forgotten', async () => {
  const world = new UpstreamWorld(async () => answered(200))
  for (let i = 0; i < 10_000; i++) await world.call({ origin: `https://h${i}.test` })
  expect(world.upstreams.list(1).length).toBeLessThanOrEqual(2_000)
})
