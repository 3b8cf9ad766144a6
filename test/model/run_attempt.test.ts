import { expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  attemptSequels,
  packAttempts,
  type RunAttempt,
  unpackAttempts,
} from '../../src/model/run_attempt.ts'

const ms = fc.integer({ min: 0, max: 60_000_000 }).map((hundredths) => hundredths / 100)
const textOrNull = fc.option(fc.string({ minLength: 1, maxLength: 300 }))
const anyAttempt: fc.Arbitrary<RunAttempt> = fc
  .record({
    startedMs: ms,
    queueMs: ms,
    dnsMs: ms,
    connectMs: ms,
    tlsMs: ms,
    firstByteMs: ms,
    bodyMs: ms,
    bytes: fc.nat(),
    status: fc.option(fc.integer({ min: 200, max: 599 })),
    wasSent: fc.boolean(),
    reusedConnection: fc.boolean(),
    errorCode: textOrNull,
    errorReason: textOrNull,
    next: fc.option(fc.constantFrom(...attemptSequels)),
  })
  // A reason stands beside a code only.
  .map((attempt) => (attempt.errorCode === null ? { ...attempt, errorReason: null } : attempt))

test('attempts come out of the store as they went in', () => {
  fc.assert(
    fc.property(fc.array(anyAttempt, { maxLength: 8 }), (attempts) => {
      expect(unpackAttempts(packAttempts(attempts))).toEqual(attempts)
    }),
    { numRuns: 300 },
  )
})

test('a call that went well takes less than 60 bytes', () => {
  const attempt: RunAttempt = {
    ...{ startedMs: 0.31, queueMs: 0, dnsMs: 0, connectMs: 0, tlsMs: 0 },
    ...{ firstByteMs: 132.57, bodyMs: 0.12, bytes: 8_192, status: 200, wasSent: true },
    ...{ reusedConnection: true, errorCode: null, errorReason: null, next: null },
  }
  expect(packAttempts([attempt]).length).toBeLessThan(60)
})

test('a run without attempts has none', () => {
  expect(unpackAttempts(null)).toEqual([])
})
