import { AppError } from '../errors.ts'
import { addressGroup } from '../lib/address_group.ts'
import type { Clock } from '../lib/clock.ts'
import { dropOldest } from '../lib/drop_oldest.ts'

const windowMs = 15 * 60_000
const maxPerAccountAndAddress = 10
/** An address that tries one account after the other; a whole office may sit behind it. */
const maxPerAddress = 100
/** Of an account whose password somebody knows: the second factor has six digits only. */
const maxCodes = 10

const maxKeys = 20_000
const keptKeys = 19_000

/**
 * Failed sign-ins of the last quarter of an hour, in memory, of 20,000 accounts and addresses at
 * most. Who fails ten times at one account from one address waits there; the same person at another
 * address is not held back (case 255).
 */
export class SignInThrottle {
  private readonly clock: Clock
  /** When each failed, oldest first; the keys least recently failed first. */
  private readonly failures = new Map<string, readonly number[]>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /**
   * Counts an attempt at a password before it is made, so that many at once are counted too.
   * @returns what takes the count back once the attempt has succeeded
   * @throws AppError too_many_sign_ins - with how long to wait
   */
  admitPassword(email: string, address: string | null): () => void {
    const group = addressGroup(address ?? '')
    const account = `account|${group}|${email.normalize('NFKC').toLowerCase().slice(0, 320)}`
    const all = `address|${group}`
    this.refuseWhenFull(account, maxPerAccountAndAddress)
    this.refuseWhenFull(all, maxPerAddress)
    this.count(account)
    this.count(all)
    return () => {
      this.failures.delete(account)
      this.takeBack(all)
    }
  }

  /**
   * As `admitPassword`, for a person's second factor: from wherever, for who gets here knows the
   * password.
   */
  admitCode(userId: number): () => void {
    const key = `code|${userId}`
    this.refuseWhenFull(key, maxCodes)
    this.count(key)
    return () => this.failures.delete(key)
  }

  /**
   * Counts an attempt with a passkey when it begins: whose it will be nobody knows yet. One that
   * succeeds is taken back with `forgivePasskey`. @throws AppError too_many_sign_ins
   */
  admitPasskey(address: string | null): void {
    const all = `address|${addressGroup(address ?? '')}`
    this.refuseWhenFull(all, maxPerAddress)
    this.count(all)
  }

  /** Takes one attempt of an address back. */
  forgivePasskey(address: string | null): void {
    this.takeBack(`address|${addressGroup(address ?? '')}`)
  }

  private recent(key: string): readonly number[] {
    const nowMs = this.clock.monotonicMs()
    return (this.failures.get(key) ?? []).filter((atMs) => nowMs - atMs < windowMs)
  }

  private refuseWhenFull(key: string, most: number): void {
    const recent = this.recent(key)
    const [oldest] = recent
    if (oldest === undefined || recent.length < most) return
    const waitMs = oldest + windowMs - this.clock.monotonicMs()
    const minutes = Math.ceil(waitMs / 60_000)
    throw new AppError('too_many_sign_ins', {
      reason: `Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    })
  }

  private count(key: string): void {
    const recent = this.recent(key)
    this.failures.delete(key)
    if (this.failures.size >= maxKeys) dropOldest(this.failures, keptKeys)
    this.failures.set(key, [...recent, this.clock.monotonicMs()])
  }

  private takeBack(key: string): void {
    this.failures.set(key, (this.failures.get(key) ?? []).slice(0, -1))
  }
}
