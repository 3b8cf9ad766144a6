import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { retryAfterMs } from '../../../src/executor/upstream/retry_after.ts'
import {
  type AttemptEnd,
  decideRetry,
  type RetryQuestion,
} from '../../../src/executor/upstream/retry_policy.ts'
import { defaultRetry, type HttpMethod, httpMethods } from '../../../src/model/tool.ts'

const notSent: AttemptEnd = { kind: 'not_sent' }
const noAnswer: AttemptEnd = { kind: 'no_answer' }
const final: AttemptEnd = { kind: 'final' }
const status = (code: number, retryAfter: number | null = null): AttemptEnd => ({
  kind: 'status',
  status: code,
  retryAfterMs: retryAfter,
})

const base: RetryQuestion = {
  end: notSent,
  method: 'POST',
  policy: defaultRetry,
  sendsKey: true,
  attempts: 1,
  leftMs: 10_000,
  hasBudget: true,
  isDown: false,
  random: 0.5,
}

/** The decision as one word or two. */
function said(change: Partial<RetryQuestion>): string {
  const decision = decideRetry({ ...base, ...change })
  return decision.kind === 'again'
    ? `again ${decision.afterMs}`
    : `${decision.kind} ${decision.why}`
}

const idempotent = { ...defaultRetry, isIdempotent: true }
const keyed = { ...defaultRetry, honoursKey: true }

type Row = readonly [name: string, change: Partial<RetryQuestion>, expected: string]

const rows: readonly Row[] = [
  // Case 210: what was not sent may be sent, whatever the method.
  ...httpMethods.map((method): Row => [`${method}, not sent`, { method }, 'again 50']),
  ['not sent, the second time', { attempts: 2 }, 'again 100'],
  ['not sent, the third time', { attempts: 3 }, 'give_up last_attempt'],
  [
    'not sent, one attempt allowed',
    { policy: { ...defaultRetry, maxAttempts: 1 } },
    'give_up last_attempt',
  ],
  ['not sent, deadline near', { leftMs: 50 }, 'give_up no_time'],
  ['not sent, budget spent', { hasBudget: false }, 'give_up retry_budget'],
  ['not sent, breaker open', { isDown: true }, 'give_up upstream_down'],
  // Case 209: sent and unanswered.
  ['GET, no answer', { method: 'GET', end: noAnswer }, 'again 50'],
  ['GET, no answer, no time', { method: 'GET', end: noAnswer, leftMs: 0 }, 'give_up no_time'],
  ...(['POST', 'PUT', 'PATCH', 'DELETE'] as const).flatMap((method): Row[] => [
    [`${method}, no answer`, { method, end: noAnswer }, 'unknown not_repeatable'],
    [`${method}, no answer, idempotent`, { method, end: noAnswer, policy: idempotent }, 'again 50'],
    // Case 211.
    [`${method}, no answer, key honoured`, { method, end: noAnswer, policy: keyed }, 'again 50'],
    [
      `${method}, no answer, key honoured but not sent`,
      { method, end: noAnswer, policy: keyed, sendsKey: false },
      'unknown not_repeatable',
    ],
    [
      `${method}, no answer, idempotent, tried thrice`,
      { method, end: noAnswer, policy: idempotent, attempts: 3 },
      'unknown last_attempt',
    ],
    [
      `${method}, no answer, idempotent, budget spent`,
      { method, end: noAnswer, policy: idempotent, hasBudget: false },
      'unknown retry_budget',
    ],
  ]),
  // Case 196.
  ...[500, 502, 503, 504].flatMap((code): Row[] => [
    [`GET ${code}`, { method: 'GET', end: status(code) }, 'again 50'],
    [`GET ${code} twice`, { method: 'GET', end: status(code), attempts: 2 }, 'again 100'],
    [
      `GET ${code} thrice, five allowed`,
      {
        method: 'GET',
        end: status(code),
        attempts: 3,
        policy: { ...defaultRetry, maxAttempts: 5 },
      },
      'give_up last_attempt',
    ],
    [`POST ${code}`, { end: status(code) }, 'give_up not_repeatable'],
    [`PUT ${code}`, { method: 'PUT', end: status(code) }, 'give_up not_repeatable'],
    [`POST ${code}, idempotent`, { end: status(code), policy: idempotent }, 'again 50'],
    [`POST ${code}, key honoured`, { end: status(code), policy: keyed }, 'again 50'],
  ]),
  ['GET 501', { method: 'GET', end: status(501) }, 'give_up not_repeatable'],
  ['GET, final', { method: 'GET', end: final }, 'give_up final'],
  // Case 195.
  ['GET 429 without a time', { method: 'GET', end: status(429) }, 'give_up not_repeatable'],
  ['GET 429, 2 s', { method: 'GET', end: status(429, 2_000) }, 'again 2050'],
  ['POST 429, 2 s', { end: status(429, 2_000) }, 'again 2050'],
  ['DELETE 429, now', { method: 'DELETE', end: status(429, 0) }, 'again 50'],
  ['POST 429, after the deadline', { end: status(429, 10_000) }, 'give_up no_time'],
  ['GET 503, 2 s', { method: 'GET', end: status(503, 2_000) }, 'again 2050'],
  ['GET 503, ten years', { method: 'GET', end: status(503, 315_360_000_000) }, 'give_up no_time'],
  ['POST 503, 2 s', { end: status(503, 2_000) }, 'give_up not_repeatable'],
  ['POST 503, 2 s, idempotent', { end: status(503, 2_000), policy: idempotent }, 'again 2050'],
]

describe('cases 195, 196, 209, 210, 211: when a request is sent again by itself', () => {
  test.each([...rows])('%s', (_, change, expected) => {
    expect(said(change)).toBe(expected)
  })

  const anyEnd = fc.oneof(
    fc.constantFrom<AttemptEnd>(notSent, noAnswer, final),
    fc.record({
      kind: fc.constant('status' as const),
      status: fc.integer({ min: 200, max: 599 }),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 1e9 })),
    }),
  )
  const anyQuestion: fc.Arbitrary<RetryQuestion> = fc.record({
    end: anyEnd,
    method: fc.constantFrom<HttpMethod>(...httpMethods),
    policy: fc.record({
      maxAttempts: fc.integer({ min: 1, max: 5 }),
      isIdempotent: fc.boolean(),
      honoursKey: fc.boolean(),
    }),
    sendsKey: fc.boolean(),
    attempts: fc.integer({ min: 1, max: 6 }),
    leftMs: fc.integer({ min: -1_000, max: 600_000 }),
    hasBudget: fc.boolean(),
    isDown: fc.boolean(),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })

  test('no write that may have happened goes out again unless its tool says it may', () => {
    fc.assert(
      fc.property(anyQuestion, (question) => {
        const { end, method, policy, sendsKey, attempts, leftMs, hasBudget, isDown } = question
        const decision = decideRetry(question)
        const isFlagged = policy.isIdempotent || (policy.honoursKey && sendsKey)
        const isDoubtful = end.kind === 'no_answer' || (end.kind === 'status' && end.status !== 429)
        if (method !== 'GET' && isDoubtful && !isFlagged) expect(decision.kind).not.toBe('again')
        if (decision.kind !== 'again') return
        expect(decision.afterMs).toBeWithin(0, leftMs)
        expect(attempts).toBeLessThan(policy.maxAttempts)
        expect([hasBudget, isDown]).toEqual([true, false])
      }),
      { numRuns: 2_000 },
    )
  })

  test('full jitter: any wait up to a bound that doubles, two seconds at most', () => {
    for (const [attempts, bound] of [
      [1, 100],
      [2, 200],
      [3, 400],
      [4, 800],
    ] as const) {
      const policy = { ...defaultRetry, maxAttempts: 5 }
      expect(said({ attempts, policy, random: 0 })).toBe('again 0')
      expect(said({ attempts, policy, random: 1 })).toBe(`again ${bound}`)
    }
  })
})

describe('case 195: Retry-After', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['315360000', 315_360_000_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
    ['-1', null],
    ['1.5', null],
    ['1e3', null],
    ['9'.repeat(400), null],
    ['tomorrow', null],
    ['2026-01-01T00:00:30Z', null],
    ['Thu, 99 Foo 2026 00:00:30 GMT', null],
    ['', null],
  ] as const)('%p', (header, expected) => {
    expect(retryAfterMs(header, nowMs)).toBe(expected)
  })

  test('none', () => {
    expect(retryAfterMs(null, nowMs)).toBeNull()
  })
})
