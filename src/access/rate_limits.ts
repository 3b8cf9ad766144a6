import { AppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { dropOldest } from '../lib/drop_oldest.ts'
import { Meter } from '../lib/gcra.ts'
import type { RateLimit } from '../model/rate_limit.ts'
import { ownerText } from '../model/usage_limit.ts'

const maxBuckets = 100_000
/** What is left at most when room is made, so that it need not be made for every new bucket. */
const keptBuckets = 99_000

/**
 * The calls of every key and member that has a limit, in memory: 100,000 buckets at most. When they
 * are all taken, idle ones go, then up to a hundredth of them, oldest first, whose owners start afresh
 * (reliability.md case 276).
 */
export class RateLimits {
  private readonly clock: Clock
  private readonly meters = new Map<string, Meter>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /**
   * Counts one call against every limit, or against none where one of them has no room for it.
   * @throws AppError rate_limited - with the limit that holds longest, and how long
   */
  admit(limits: readonly RateLimit[]): void {
    if (limits.length === 0) return
    const nowMs = this.clock.monotonicMs()
    let taken = 0
    for (const limit of limits) {
      const meter = this.meters.get(limit.bucket) ?? this.newMeter(limit.bucket, nowMs)
      if (!meter.take(limit.callsPerMinute, nowMs)) {
        this.giveBack(limits.slice(0, taken))
        throw this.refusal(limit, limits, nowMs)
      }
      taken++
    }
  }

  /** Calls the limit has room for now; counts nothing. */
  remaining({ bucket, callsPerMinute }: RateLimit): number {
    const meter = this.meters.get(bucket)
    return meter?.remaining(callsPerMinute, this.clock.monotonicMs()) ?? callsPerMinute
  }

  /** Takes back a call that was admitted at this moment and is not made. */
  giveBack(limits: readonly RateLimit[]): void {
    for (const { bucket } of limits) this.meters.get(bucket)?.giveBack()
  }

  private refusal(refused: RateLimit, limits: readonly RateLimit[], nowMs: number): AppError {
    let longest = refused
    let retryAfterSeconds = 0
    for (const limit of limits) {
      const seconds = this.meters.get(limit.bucket)?.waitSeconds(limit.callsPerMinute, nowMs) ?? 0
      if (seconds <= retryAfterSeconds) continue
      retryAfterSeconds = seconds
      longest = limit
    }
    const reason = `${ruleOf(longest)} Try again in ${retryAfterSeconds} s.`
    return new AppError('rate_limited', { reason, retryAfterSeconds })
  }

  private newMeter(bucket: string, nowMs: number): Meter {
    if (this.meters.size >= maxBuckets) this.makeRoom(nowMs)
    const meter = new Meter()
    this.meters.set(bucket, meter)
    return meter
  }

  private makeRoom(nowMs: number): void {
    for (const [bucket, meter] of this.meters) if (meter.isIdle(nowMs)) this.meters.delete(bucket)
    dropOldest(this.meters, keptBuckets)
  }
}

function ruleOf({ of, callsPerMinute }: RateLimit): string {
  const owner = of === 'key' ? 'This API key' : ownerText(of)
  const calls = callsPerMinute === 1 ? '1 call' : `${callsPerMinute} calls`
  return `${owner} may make ${calls} a minute.`
}
