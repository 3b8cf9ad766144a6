import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Meter } from '../../src/lib/gcra.ts'

interface Step {
  /** Since the step before. */
  readonly pauseMs: number
  readonly callsPerMinute: number
}

const pauses = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 2000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 200_000 }) },
)
const limits = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 100_000 }))
const pausesOf = (maxLength: number) => fc.array(pauses, { minLength: 1, maxLength })

/** The moments, in milliseconds, at which calls were let in. */
function admitted(steps: readonly Step[], startMs: number): number[] {
  const meter = new Meter()
  let nowMs = startMs
  return steps.flatMap(({ pauseMs, callsPerMinute }) => {
    nowMs += pauseMs
    return meter.take(callsPerMinute, nowMs) ? [nowMs] : []
  })
}

/** The most calls let in beyond what a burst and the time passed allow, over every window. */
function worstExcess(moments: readonly number[], callsPerMinute: number): number {
  let worst = Number.NEGATIVE_INFINITY
  for (const [first, from] of moments.entries()) {
    for (const [index, until] of moments.slice(first).entries()) {
      const allowed = callsPerMinute + ((until - from) * callsPerMinute) / 60_000
      worst = Math.max(worst, index + 1 - allowed)
    }
  }
  return worst
}

describe('a meter', () => {
  test('lets in one burst at once, and then calls at the rate, evenly', () => {
    const meter = new Meter()
    const burst = Array.from({ length: 8 }, () => meter.take(7, 1000))
    expect(burst).toEqual([true, true, true, true, true, true, true, false])
    const seventhOfMinute = 60_000 / 7
    expect(meter.take(7, 1000 + Math.floor(seventhOfMinute))).toBe(false)
    expect(meter.take(7, 1000 + Math.ceil(seventhOfMinute))).toBe(true)
    expect(meter.take(7, 1000 + Math.ceil(seventhOfMinute))).toBe(false)
  })

  test('lets in exactly the burst at every limit, wherever the clock stands', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.double({ min: 0, max: 1e11, noNaN: true }),
        (callsPerMinute, nowMs) => {
          const meter = new Meter()
          for (let call = 0; call < callsPerMinute; call++) {
            expect(meter.remaining(callsPerMinute, nowMs)).toBe(callsPerMinute - call)
            expect(meter.take(callsPerMinute, nowMs)).toBe(true)
          }
          expect(meter.take(callsPerMinute, nowMs)).toBe(false)
          expect(meter.remaining(callsPerMinute, nowMs)).toBe(0)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('never lets in more than the burst and what the rate adds, in any window', () => {
    fc.assert(
      fc.property(limits, pausesOf(80), fc.nat(1e9), (callsPerMinute, times, startMs) => {
        const steps = times.map((pauseMs) => ({ pauseMs, callsPerMinute }))
        expect(worstExcess(admitted(steps, startMs), callsPerMinute)).toBeLessThanOrEqual(1e-6)
      }),
      { numRuns: 300 },
    )
  })

  test('lets in as many calls as the burst and the rate allow: none is lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), (callsPerMinute) => {
        const everyMs = Array.from({ length: 6000 }, () => ({ pauseMs: 10, callsPerMinute }))
        const spanMs = 5999 * 10
        const allowed = Math.floor(callsPerMinute + (spanMs * callsPerMinute) / 60_000)
        const tried = Math.min(6000, allowed)
        expect(admitted(everyMs, 0).length).toBeGreaterThanOrEqual(tried - 1)
        expect(admitted(everyMs, 0).length).toBeLessThanOrEqual(tried)
      }),
      { numRuns: 20 },
    )
  })

  test('names the fewest whole seconds to wait: at exactly that moment a call is let in', () => {
    fc.assert(
      fc.property(limits, pausesOf(60), fc.double({ min: 0, max: 1e9, noNaN: true }), honest),
      { numRuns: 300 },
    )
  })

  test('under a changed limit lets in at most one new burst at once, and forgets nothing used', () => {
    fc.assert(
      fc.property(limits, limits, fc.nat(200), (before, after, calls) => {
        const meter = new Meter()
        let used = 0
        for (let call = 0; call < calls; call++) if (meter.take(before, 5)) used++
        expect(meter.remaining(after, 5)).toBe(Math.max(0, after - used))
        let more = 0
        while (more <= after && meter.take(after, 5)) more++
        expect(more).toBe(Math.max(0, after - used))
        expect(meter.waitSeconds(after, 5)).toBeLessThanOrEqual(60)
      }),
      { numRuns: 100 },
    )
  })

  test('lets in at most the highest burst and rate, however often the limit changes', () => {
    const steps = fc.array(fc.record({ pauseMs: pauses, callsPerMinute: limits }), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, (some) => {
        const highest = Math.max(1, ...some.map(({ callsPerMinute }) => callsPerMinute))
        expect(worstExcess(admitted(some, 0), highest)).toBeLessThanOrEqual(1e-6)
      }),
      { numRuns: 200 },
    )
  })

  test('is idle from the moment on at which it is like a new one, and not before', () => {
    const meter = new Meter()
    expect(meter.isIdle(0)).toBe(true)
    for (let call = 0; call < 3; call++) meter.take(6, 100)
    expect([meter.isIdle(100), meter.isIdle(30_099.9), meter.isIdle(30_100)]).toEqual([
      false,
      false,
      true,
    ])
    expect(meter.remaining(6, 30_099.9)).toBe(5)
    expect(meter.remaining(6, 30_100)).toBe(6)
  })

  test('takes back a call as if it had not been', () => {
    const meter = new Meter()
    meter.take(2, 0)
    meter.take(2, 0)
    meter.giveBack()
    expect(meter.remaining(2, 0)).toBe(1)
  })
})

function honest(callsPerMinute: number, times: readonly number[], startMs: number): void {
  const meter = new Meter()
  let nowMs = startMs
  for (const pauseMs of [...times, 0, 0, 0]) {
    nowMs += pauseMs
    if (meter.take(callsPerMinute, nowMs)) continue
    const seconds = meter.waitSeconds(callsPerMinute, nowMs)
    expect(seconds).toBeGreaterThanOrEqual(1)
    expect(seconds).toBeLessThanOrEqual(60)
    if (seconds > 1) expect(meter.take(callsPerMinute, nowMs + (seconds - 1) * 1000)).toBe(false)
    nowMs += seconds * 1000
    expect(meter.waitSeconds(callsPerMinute, nowMs)).toBe(0)
    expect(meter.take(callsPerMinute, nowMs)).toBe(true)
  }
}
