import { AppError } from '../errors.ts'
import {
  firstDayOfMonth,
  firstDayOfNextMonth,
  utcDayOf,
  utcDayStartMs,
  utcDayText,
} from '../lib/utc_day.ts'
import {
  type LimitName,
  limitNames,
  ownerText,
  type UsageLimits,
  type UsageOwner,
  type UsageOwnerRef,
} from '../model/usage_limit.ts'
import type { UsageMeter } from './usage_meter.ts'

/** One thing that has limits, and its calls. */
export interface LimitedOwner extends UsageOwnerRef {
  readonly limits: UsageLimits
  readonly meter: UsageMeter
}

/** How much of a limit that is counted here has been used. */
export interface UsedLimit {
  readonly limit: LimitName
  readonly allowed: number
  readonly used: number
  /** When it begins anew, in epoch milliseconds; null where calls that end make room. */
  readonly resetsAtMs: number | null
  /** The UTC day or month. */
  readonly period: string
}

/** How much is used of each limit of an owner, the longest first; calls per minute aside. */
export function usedLimits({ limits, meter }: LimitedOwner, nowMs: number): UsedLimit[] {
  const day = utcDayOf(nowMs)
  const { callsPerDay, callsPerMonth, maxConcurrent } = limits
  const today = utcDayText(day)
  const used: UsedLimit[] = []
  if (callsPerMonth !== null) {
    used.push({
      limit: limitNames.callsPerMonth,
      allowed: callsPerMonth,
      used: meter.ofMonth(day),
      resetsAtMs: utcDayStartMs(firstDayOfNextMonth(day)),
      period: utcDayText(firstDayOfMonth(day)).slice(0, 7),
    })
  }
  if (callsPerDay !== null) {
    used.push({
      limit: limitNames.callsPerDay,
      allowed: callsPerDay,
      used: meter.ofDay(day),
      resetsAtMs: utcDayStartMs(day + 1),
      period: today,
    })
  }
  if (maxConcurrent !== null) {
    used.push({
      limit: limitNames.maxConcurrent,
      allowed: maxConcurrent,
      used: meter.inFlight,
      resetsAtMs: null,
      period: today,
    })
  }
  return used
}

const busyRetrySeconds = 1

/** Why a call has no room in a limit that is used up: `quota_exceeded`, or `rate_limited`. */
export function refusalOf(owner: UsageOwner, full: UsedLimit, nowMs: number): AppError {
  const { allowed, limit, resetsAtMs } = full
  const calls = allowed === 1 ? '1 call' : `${allowed} calls`
  if (resetsAtMs === null) {
    const reason = `${ownerText(owner)} may have ${calls} under way at a time (${limit}). Try again when one has ended.`
    return new AppError('rate_limited', { reason, retryAfterSeconds: busyRetrySeconds })
  }
  const retryAfterSeconds = Math.max(1, Math.ceil((resetsAtMs - nowMs) / 1000))
  const span = limit === 'calls_per_day' ? 'day' : 'month'
  const again = new Date(resetsAtMs).toISOString().replace('.000Z', 'Z')
  const reason = `${ownerText(owner)} may make ${calls} a ${span} (${limit}). The next ${span} begins at ${again}.`
  return new AppError('quota_exceeded', { reason, retryAfterSeconds })
}
