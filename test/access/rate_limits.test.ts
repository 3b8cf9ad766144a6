import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { RateLimits } from '../../src/access/rate_limits.ts'
import { AppError } from '../../src/errors.ts'
import type { RateLimit } from '../../src/model/rate_limit.ts'

const maxBuckets = 100_000

/** A limiter and the hand that moves its clock. */
function limiter() {
  const clock = { ms: 1000, nowMs: () => 0, monotonicMs: () => clock.ms }
  const limits = new RateLimits(clock)
  /** Whether the call was let in; a refusal is checked for its code. */
  const isAdmitted = (...given: RateLimit[]): boolean => refusal(...given) === null
  const refusal = (...given: RateLimit[]): AppError | null => {
    try {
      limits.admit(given)
      return null
    } catch (error) {
      if (error instanceof AppError && error.code === 'rate_limited') return error
      throw error
    }
  }
  return { clock, limits, isAdmitted, refusal }
}

const member = (name: string, callsPerMinute: number): RateLimit => ({
  bucket: `member:${name}`,
  of: 'member',
  callsPerMinute,
})
const key = (name: string, callsPerMinute: number): RateLimit => ({
  bucket: `key:${name}`,
  of: 'key',
  callsPerMinute,
})

describe('case 276: limits of keys and members', () => {
  test('a call without a limit is always let in', () => {
    const { isAdmitted } = limiter()
    for (let call = 0; call < 1000; call++) expect(isAdmitted()).toBe(true)
  })

  test('past its limit a caller is refused, with 429, the limit and an honest Retry-After', () => {
    const { clock, isAdmitted, refusal } = limiter()
    const alice = member('alice', 12)
    for (let call = 0; call < 12; call++) expect(isAdmitted(alice)).toBe(true)
    const error = refusal(alice)
    expect([error?.status, error?.retryAfterSeconds]).toEqual([429, 5])
    expect(error?.message).toBe('Rate limit exceeded')
    expect(error?.reason).toBe('This member may make 12 calls a minute. Try again in 5 s.')
    clock.ms += 4999
    expect(refusal(alice)?.retryAfterSeconds).toBe(1)
    clock.ms += 1
    expect(isAdmitted(alice)).toBe(true)
    expect(isAdmitted(alice)).toBe(false)
  })

  test('one bucket does not weigh on another', () => {
    const { isAdmitted } = limiter()
    expect(isAdmitted(member('alice', 1))).toBe(true)
    expect(isAdmitted(member('alice', 1))).toBe(false)
    expect(isAdmitted(member('bob', 1))).toBe(true)
    expect(isAdmitted(key('alice', 1))).toBe(true)
  })

  test('the refusal names the limit that holds longest, and waiting for it is enough', () => {
    const { clock, isAdmitted, refusal } = limiter()
    const [slow, fast] = [key('k', 1), member('alice', 30)]
    for (let call = 0; call < 30; call++) isAdmitted(fast)
    expect(refusal(fast, slow)?.retryAfterSeconds).toBe(2)
    expect(isAdmitted(slow)).toBe(true)
    for (const both of [
      [slow, fast],
      [fast, slow],
    ]) {
      const error = refusal(...both)
      expect(error?.reason).toStartWith('This API key may make 1 call a minute.')
      expect(error?.retryAfterSeconds).toBe(60)
    }
    clock.ms += 60_000
    expect(isAdmitted(slow, fast)).toBe(true)
  })

  test('a call that one limit refuses is counted by none, and an admitted one by all', () => {
    const buckets = fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 4 })
    const step = fc.record({ pauseMs: fc.constantFrom(0, 0, 0, 700, 20_000), buckets })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, limits, isAdmitted } = limiter()
        for (const { pauseMs, buckets } of steps) {
          clock.ms += pauseMs
          const given = buckets.map((bucket) => member(String(bucket), bucket + 1))
          const before = given.map((limit) => limits.remaining(limit))
          const hasRoom = before.every((calls) => calls >= 1)
          expect(isAdmitted(...given)).toBe(hasRoom)
          const after = given.map((limit) => limits.remaining(limit))
          expect(after).toEqual(before.map((calls) => (hasRoom ? calls - 1 : calls)))
        }
      }),
      { numRuns: 200 },
    )
  })

  test('after Retry-After the call is let in, whatever combination of limits refused it', () => {
    const callsPerMinute = fc.integer({ min: 1, max: 90 })
    const pauses = fc.array(fc.nat(900), { minLength: 1, maxLength: 120 })
    fc.assert(
      fc.property(callsPerMinute, callsPerMinute, pauses, (ofKey, ofMember, times) => {
        const { clock, isAdmitted, refusal } = limiter()
        const both = [key('k', ofKey), member('alice', ofMember)]
        for (const pauseMs of times) {
          clock.ms += pauseMs / 7
          const seconds = refusal(...both)?.retryAfterSeconds
          if (seconds === undefined) continue
          expect(seconds).toBeWithin(1, 61)
          clock.ms += seconds * 1000
          expect(isAdmitted(...both)).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('after a change calls come back at the new rate', () => {
    const { clock, isAdmitted, refusal } = limiter()
    for (let call = 0; call < 10; call++) isAdmitted(member('alice', 10))
    for (let call = 0; call < 50; call++) expect(isAdmitted(member('alice', 60))).toBe(true)
    expect(refusal(member('alice', 60))?.retryAfterSeconds).toBe(1)
    clock.ms += 1000
    expect(isAdmitted(member('alice', 60))).toBe(true)
    expect(isAdmitted(member('alice', 60))).toBe(false)
    expect(refusal(member('alice', 10))?.retryAfterSeconds).toBe(6)
    clock.ms += 5999
    expect(isAdmitted(member('alice', 10))).toBe(false)
    clock.ms += 1
    expect(isAdmitted(member('alice', 10))).toBe(true)
  })

  test('a changed limit holds from the next call on; what was used stays used', () => {
    const { limits, isAdmitted } = limiter()
    for (let call = 0; call < 10; call++) expect(isAdmitted(member('alice', 10))).toBe(true)
    expect(isAdmitted(member('alice', 10))).toBe(false)
    expect(limits.remaining(member('alice', 15))).toBe(5)
    for (let call = 0; call < 5; call++) expect(isAdmitted(member('alice', 15))).toBe(true)
    expect(isAdmitted(member('alice', 15))).toBe(false)
    expect(isAdmitted(member('alice', 2))).toBe(false)
    expect(limits.remaining(member('alice', 2))).toBe(0)
  })
})

describe('the memory of the limits is bounded (case 276)', () => {
  const fill = ({ isAdmitted }: ReturnType<typeof limiter>, count: number, from = 0) => {
    for (let index = from; index < from + count; index++) {
      expect(isAdmitted(member(String(index), 2))).toBe(true)
    }
  }
  const isRemembered = ({ limits }: ReturnType<typeof limiter>, index: number) =>
    limits.remaining(member(String(index), 2)) < 2

  test('a hundred thousand buckets are kept; one more drops the oldest hundredth and no other', () => {
    const own = limiter()
    fill(own, maxBuckets)
    expect(isRemembered(own, 0)).toBe(true)
    fill(own, 1, maxBuckets)
    const kept = Array.from({ length: maxBuckets + 1 }, (_, index) => isRemembered(own, index))
    expect(kept.indexOf(true)).toBe(1000)
    expect(kept.filter(Boolean)).toHaveLength(99_001)
  })

  test('never are more than a hundred thousand buckets kept', () => {
    const own = limiter()
    fill(own, maxBuckets + 2500)
    const kept = Array.from({ length: maxBuckets + 2500 }, (_, index) => isRemembered(own, index))
    expect(kept.filter(Boolean).length).toBeWithin(99_000, maxBuckets + 1)
    expect(kept.lastIndexOf(false)).toBe(2999)
  })

  test('when all are taken, idle buckets go before a busy one, however old that is', () => {
    const own = limiter()
    const oldest = member('0', 2)
    fill(own, maxBuckets)
    own.clock.ms += 30_000
    own.limits.admit([oldest])
    own.limits.admit([oldest])
    fill(own, 1000, maxBuckets)
    expect(own.isAdmitted(oldest)).toBe(false)
    expect(isRemembered(own, maxBuckets)).toBe(true)
  })

  test('asking what remains takes no bucket', () => {
    const own = limiter()
    fill(own, maxBuckets)
    for (let index = 0; index < 10; index++) expect(own.limits.remaining(key('k', 5))).toBe(5)
    expect(isRemembered(own, 0)).toBe(true)
  })
})
