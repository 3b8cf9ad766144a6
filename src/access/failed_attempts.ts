import { AppError, type ErrorCode } from '../errors.ts'
import { addressGroup } from '../lib/address_group.ts'
import { Allowances } from '../lib/allowances.ts'
import type { Clock } from '../lib/clock.ts'

/** Failures of a caller who presented a credential that is none: what a guesser sees. */
const counted: ReadonlySet<ErrorCode> = new Set([
  'invalid_api_key',
  'invalid_admin_token',
  'invalid_token',
])

/**
 * Failed authentications by address, in memory: of the addresses that failed last, 10,000 at most.
 * Only failures are held back; a good credential never comes here (reliability.md case 60).
 */
export class FailedAttempts {
  private readonly clock: Clock
  private readonly perMinute: number
  private readonly failures: Allowances

  /** With 0 `perMinute` nothing is counted. */
  constructor(clock: Clock, perMinute: number) {
    this.clock = clock
    this.perMinute = perMinute
    this.failures = new Allowances({ count: perMinute, periodMs: 60_000 })
  }

  /**
   * What to answer a request that failed with this error: the error itself, or `too_many_failures` in
   * place of a failed authentication once the address has used up its minute's failures.
   * `address` is null for callers on the machine itself, who are never held back.
   */
  judge(error: AppError, address: string | null): AppError {
    if (this.perMinute === 0 || address === null || !counted.has(error.code)) return error
    const nowMs = this.clock.monotonicMs()
    const retryAfterSeconds = this.failures.take(addressGroup(address), nowMs)
    if (retryAfterSeconds === 0) return error
    return new AppError('too_many_failures', {
      reason: `An address may fail ${this.perMinute} times a minute; a valid credential is always let in.`,
      retryAfterSeconds,
      cause: error,
    })
  }
}
