import { auditChain } from '../crypto/audit_chain.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import { addressGroup } from '../lib/address_group.ts'
import { Allowances } from '../lib/allowances.ts'
import { isEmail } from '../model/email.ts'
import { appendAuditEvent } from '../store/audit_store.ts'
import { findUserByEmail } from '../store/user_store.ts'
import type { ConsoleDeps } from './console_session.ts'

const windowMs = 15 * 60_000
/** A guesser writes no more than these; others beside it still find room. */
const failuresOfAddress = { count: 20, periodMs: windowMs }
/** However many addresses guess: a day of it is some thousand rows. */
const failuresOfAll = { count: 60, periodMs: windowMs }
/** Who is throttled stays so for a quarter of an hour, and is told of once. */
const tripsOfOne = { count: 1, periodMs: windowMs }
const tripsOfAll = { count: 20, periodMs: windowMs }

/** Which failed sign-ins go on record: a few dozen in a quarter of an hour, whoever guesses. */
export class SignInRecord {
  private readonly ofAddress = new Allowances(failuresOfAddress)
  private readonly ofAll = new Allowances(failuresOfAll)
  private readonly trips = new Allowances(tripsOfOne)
  private readonly allTrips = new Allowances(tripsOfAll)
  private leftOut = 0

  /** Null where it is left out; else how many were left out since the last one that was not. */
  admit({ attempt, isThrottled }: FailedAttempt, nowMs: number): number | null {
    const from = addressGroup(attempt.address ?? '')
    const key = attempt.userId === null ? from : `${attempt.at}|user:${attempt.userId}`
    const hasRoom = isThrottled
      ? this.trips.take(key, nowMs) === 0 && this.allTrips.take('', nowMs) === 0
      : this.ofAddress.take(from, nowMs) === 0 && this.ofAll.take('', nowMs) === 0
    if (!hasRoom) {
      this.leftOut++
      return null
    }
    const { leftOut } = this
    this.leftOut = 0
    return leftOut
  }
}

/** A try to prove who one is. */
export interface Attempt {
  readonly at: 'sign_in' | 'second_factor'
  /** As typed. */
  readonly email: string
  /** Who it is where that is proven up to here; null for anyone. */
  readonly userId: number | null
  readonly address: string | null
}

interface FailedAttempt {
  readonly attempt: Attempt
  readonly isThrottled: boolean
}

const failures: ReadonlySet<ErrorCode> = new Set([
  'sign_in_failed',
  'second_factor_failed',
  'external_sign_in_refused',
  'passkey_failed',
])

/** Makes an attempt and writes down that it failed (case 264); what it throws is thrown on. */
export async function recorded<T>(
  deps: ConsoleDeps,
  attempt: Attempt,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = error instanceof AppError ? error.code : null
    const isThrottled = code === 'too_many_sign_ins'
    if (code !== null && (isThrottled || failures.has(code))) {
      await recordFailure(deps, { attempt, isThrottled })
    }
    throw error
  }
}

async function recordFailure(deps: ConsoleDeps, failed: FailedAttempt): Promise<void> {
  const { clock, database, masterKey, record } = deps
  const leftOut = record.admit(failed, clock.monotonicMs())
  if (leftOut === null) return
  const { attempt, isThrottled } = failed
  const { at, userId, address } = attempt
  const folded = attempt.email.normalize('NFKC').trim().toLowerCase()
  // Some type the password where the address belongs: what is none is not written down.
  const email = isEmail(folded) ? folded : null
  await database.write(function* () {
    const account = email === null ? null : yield* findUserByEmail(email)
    const entry = {
      atMs: clock.nowMs(),
      actor: userId === null ? 'anonymous' : `user:${userId}`,
      action: `${at}.${isThrottled ? 'throttled' : 'failed'}`,
      target: account === null ? '' : `user:${account.id}`,
      projectId: null,
      details: { email, ...(leftOut === 0 ? {} : { left_out: leftOut }) },
      address,
    }
    yield* appendAuditEvent(entry, auditChain(masterKey))
  })
}
