import { describe, expect, test } from 'bun:test'
import { AppError } from '../../../src/errors.ts'
import type { Exchange } from '../../../src/executor/connector/exchange.ts'
import {
  answered,
  type CallChange,
  failed,
  type Script,
  UpstreamWorld,
} from './upstream_fixture.ts'

/** Answers in turn; the last one again and again. */
const inTurn =
  (...steps: readonly (() => ReturnType<Script>)[]): Script =>
  (_, attempt) =>
    (steps[Math.min(attempt, steps.length) - 1] ?? steps[0])?.() ?? Promise.resolve(answered(200))

const ok = (status: number, retryAfter?: string) => async () => answered(status, retryAfter)
const refused = async () => Promise.reject(failed('upstream_connection', 'no'))
const lost = async () => Promise.reject(failed('upstream_connection', 'maybe'))

async function outcome(script: Script, change: CallChange = {}) {
  const world = new UpstreamWorld(script)
  const call = world.call(change)
  await world.pace.advance(60_000)
  const came = await call
  // However it ended, it holds no place and no timer.
  expect(world.upstreams.list(1)).toMatchObject([{ inFlight: 0, queued: 0 }])
  expect(world.pace.pending).toBe(0)
  return { ...came, world }
}

const header = (exchange: Exchange | undefined, name: string) =>
  exchange?.headers.find(([each]) => each === name)?.[1]

describe('reliability.md §4: an exchange and its attempts', () => {
  test('case 210: a write that was not sent is sent again, and succeeds', async () => {
    const { status, attempts, world } = await outcome(inTurn(refused, ok(201)), { method: 'POST' })
    expect([status, world.exchanges.length]).toEqual([201, 2])
    expect(attempts).toMatchObject([
      { wasSent: false, errorCode: 'upstream_connection', next: 'retried', status: null },
      { wasSent: true, errorCode: null, next: null, status: 201 },
    ])
  })

  test('case 209: a write without an answer is not sent again', async () => {
    const { error, sent, attempts, world } = await outcome(inTurn(lost, ok(200)), { method: 'PUT' })
    expect([error?.code, sent, world.exchanges.length]).toEqual(['upstream_connection', 'maybe', 1])
    expect(attempts).toMatchObject([{ wasSent: true, next: 'not_repeatable' }])
  })

  test('case 211: where the upstream honours our key, the same key goes out again', async () => {
    const change = { method: 'POST', retry: { honoursKey: true } } as const
    const { status, world } = await outcome(inTurn(lost, ok(200)), change)
    expect(status).toBe(200)
    const keys = world.exchanges.map((each) => header(each, 'Idempotency-Key'))
    expect(keys).toEqual(['the-run', 'the-run'])
  })

  test('case 155: an attempt is stamped anew; the request id stays', async () => {
    const { world } = await outcome(inTurn(ok(429, '5'), ok(200)), { method: 'POST' })
    const [first, second] = world.exchanges
    expect(header(second, 'X-Tengine-Request-Id')).toBe(header(first, 'X-Tengine-Request-Id'))
    const times = [first, second].map((each) => Number(header(each, 'X-Tengine-Timestamp')))
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(5)
  })

  test.each(['GET', 'POST'] as const)(
    'R3: a credential that was revoked meanwhile stops the next attempt: %s',
    async (method) => {
      const change = { method, isRevoked: () => true } as const
      const { error, attempts, world } = await outcome(inTurn(refused, ok(200)), change)
      expect(world.exchanges).toHaveLength(1)
      expect(error?.code).toBe('upstream_connection')
      expect(attempts.at(-1)).toMatchObject({ wasSent: false, errorCode: 'aborted_before_send' })
    },
  )

  test('case 196: a server error on a read is asked again twice, on a write never', async () => {
    const read = await outcome(inTurn(ok(503)))
    expect([read.status, read.world.exchanges.length]).toEqual([503, 3])
    expect(read.attempts.map(({ next }) => next)).toEqual(['retried', 'retried', 'last_attempt'])
    const write = await outcome(inTurn(ok(503)), { method: 'POST' })
    expect([write.status, write.world.exchanges.length]).toEqual([503, 1])
  })

  test('case 195: a Retry-After beyond the deadline is handed on at once', async () => {
    const { status, attempts, world } = await outcome(inTurn(ok(429, '3600')))
    expect([status, world.exchanges.length]).toEqual([429, 1])
    expect(attempts).toMatchObject([{ next: 'no_time' }])
  })

  test('a write that may have happened stays unknown, whatever a later attempt is answered', async () => {
    const change = { method: 'POST', retry: { isIdempotent: true } } as const
    const { error, sent } = await outcome(inTurn(lost, ok(503)), change)
    expect([error?.code, sent]).toEqual(['upstream_status', 'maybe'])
    const later = await outcome(inTurn(lost, refused), change)
    expect([later.error?.code, later.sent]).toEqual(['upstream_connection', 'maybe'])
    const done = await outcome(inTurn(lost, ok(200)), change)
    expect(done.status).toBe(200)
  })

  test('an answer stands when no further attempt reaches the upstream', async () => {
    const { status } = await outcome(inTurn(ok(503), refused))
    expect(status).toBe(503)
  })

  test('what fails before it is sent, and would again, is tried once', async () => {
    const { error, sent, world } = await outcome(async () => {
      throw new AppError('template_escape')
    })
    expect([error?.code, sent, world.exchanges.length]).toEqual(['template_escape', null, 1])
  })

  test('case 37: a caller who goes away during a pause ends a read', async () => {
    const world = new UpstreamWorld(inTurn(ok(503, '5')))
    const gone = new AbortController()
    const call = world.call({ signal: gone.signal })
    await world.pace.advance(1_000)
    gone.abort()
    expect((await call).status).toBe(503)
    await world.pace.advance(60_000)
    expect([world.exchanges.length, world.pace.pending]).toEqual([1, 0])
  })

  test('no pause leads past the deadline', async () => {
    const world = new UpstreamWorld(inTurn(ok(503, '3')))
    const call = world.call({ timeoutMs: 5_000 })
    await world.pace.advance(5_000)
    expect((await call).attempts.at(-1)?.next).toBe('no_time')
    expect(world.pace.pending).toBe(0)
  })
})
