import type { AppError } from '../errors.ts'
import { firstDayOfMonth, utcDayOf } from '../lib/utc_day.ts'
import type { Principal } from '../model/principal.ts'
import type { RateLimit } from '../model/rate_limit.ts'
import { limitNames, type UsageLimits, type UsageOwner } from '../model/usage_limit.ts'
import { findProjectLimits } from '../store/usage_limit_store.ts'
import { countCallsOn } from '../store/usage_store.ts'
import type { RateLimits } from './rate_limits.ts'
import { UsageMeter } from './usage_meter.ts'
import { type LimitedOwner, refusalOf, type UsedLimit, usedLimits } from './usage_quota.ts'
import { nearlyPercent, type ThresholdDeps, UsageThresholds } from './usage_thresholds.ts'

/** What usage control needs of the house. */
export interface UsageDeps extends ThresholdDeps {
  readonly rates: RateLimits
}

/** Who calls: what limits are looked up by. */
export type UsageCaller = Pick<
  Principal,
  'projectId' | 'projectEpoch' | 'integrationId' | 'session' | 'grant' | 'rateLimits'
>

/** A call that was let in; `end` must be called once, however it ends. */
export interface UsageLease {
  /** @param isOnRecord whether the call made a run of its own */
  end(isOnRecord: boolean): void
}

/** Makes a call that was let in, and ends its lease however the call ends. */
export async function underLease<T extends { readonly isOwnRun: boolean }>(
  lease: UsageLease,
  call: () => Promise<T>,
): Promise<T> {
  let isOnRecord = false
  try {
    const result = await call()
    isOnRecord = result.isOwnRun
    return result
  } finally {
    lease.end(isOnRecord)
  }
}

/** How much is left of one limit. */
export interface UsageLeft extends UsedLimit {
  readonly owner: UsageOwner
}

interface ProjectLimits {
  readonly epoch: number
  readonly byOwner: ReadonlyMap<string, UsageLimits>
}

/** Meters without calls under way that are kept; they are read anew from the record. */
const maxMeters = 100_000

/** A call under way. */
interface UnderWay {
  readonly integrationId: number
  readonly memberId: number | null
  readonly toolId: number
  readonly day: number
  /** Of those of its owners that have limits. */
  readonly meters: { readonly owner: OwnerRef; readonly meter: UsageMeter }[]
}

/**
 * Holds calls to the limits of their project, integration, member and tool. Counts in memory, from
 * what `usage_days` holds at first use on, so counts outlive the process (reliability.md case 276).
 */
export class UsageControl {
  private readonly deps: UsageDeps
  private readonly thresholds: UsageThresholds
  private readonly limits = new Map<number, ProjectLimits>()
  /** By project. */
  private readonly underWay = new Map<number, Set<UnderWay>>()
  private readonly meters: Readonly<Record<UsageOwner, Map<number, UsageMeter>>> = {
    project: new Map(),
    integration: new Map(),
    member: new Map(),
    tool: new Map(),
  }

  constructor(deps: UsageDeps) {
    this.deps = deps
    this.thresholds = new UsageThresholds(deps)
  }

  /**
   * Counts a call against every limit, or against none where one of them has no room for it.
   * @throws AppError rate_limited, quota_exceeded - with the limit that holds longest, and how long
   */
  async admit(caller: UsageCaller, toolId: number): Promise<UsageLease> {
    const limited = this.hasNoLimits(caller) ? none : await this.limitedOwners(caller, toolId)
    // Nothing is waited for from here on: between looking and counting no other call comes in.
    const { projectId, integrationId } = caller
    const nowMs = this.deps.clock.nowMs()
    if (limited.length > 0) this.refuseWhereFull(caller, limited, nowMs)
    const day = utcDayOf(nowMs)
    const meters = limited.map(({ owner, id, meter }) => ({ owner: { owner, id }, meter }))
    const call = { integrationId, memberId: memberIdOf(caller), toolId, day, meters }
    for (const { meter } of meters) meter.begin(day)
    this.callsOf(projectId).add(call)
    for (const owner of limited) this.raiseReached(projectId, owner, nowMs)
    return { end: (isOnRecord) => this.release(projectId, call, isOnRecord) }
  }

  /** What is left of each limit of the caller's project, integration and member. */
  async left(caller: UsageCaller): Promise<UsageLeft[]> {
    const limited = await this.limitedOwners(caller, null)
    const nowMs = this.deps.clock.nowMs()
    return limited.flatMap((each) => [
      ...ratesOf(each).map((rate): UsageLeft => {
        const allowed = rate.callsPerMinute
        const used = allowed - this.deps.rates.remaining(rate)
        const { callsPerMinute: limit } = limitNames
        return { owner: each.owner, limit, allowed, used, resetsAtMs: null, period: '' }
      }),
      ...usedLimits(each, nowMs).map((used) => ({ owner: each.owner, ...used })),
    ])
  }

  private refuseWhereFull(
    { projectId, rateLimits }: UsageCaller,
    limited: readonly LimitedOwner[],
    nowMs: number,
  ): void {
    try {
      const refusal = this.longestRefusal(projectId, limited, nowMs)
      if (refusal !== null) throw refusal
      this.deps.rates.admit(limited.flatMap(ratesOf))
    } catch (error) {
      // The key's and the member's own were counted at the door.
      this.deps.rates.giveBack(rateLimits)
      throw error
    }
  }

  private longestRefusal(
    projectId: number,
    limited: readonly LimitedOwner[],
    nowMs: number,
  ): AppError | null {
    let longest: AppError | null = null
    for (const each of limited) {
      for (const used of usedLimits(each, nowMs)) {
        if (used.used < used.allowed) continue
        this.raise(projectId, each, { ...used, percent: 100 })
        const found = refusalOf(each.owner, used, nowMs)
        if ((found.retryAfterSeconds ?? 0) > (longest?.retryAfterSeconds ?? 0)) longest = found
      }
    }
    return longest
  }

  private raiseReached(projectId: number, owner: LimitedOwner, nowMs: number): void {
    for (const used of usedLimits(owner, nowMs)) {
      // Calls under way come and go; that there is room for no more is told when one is refused.
      if (used.resetsAtMs === null) continue
      const percent = used.used >= used.allowed ? 100 : nearlyPercent
      if (used.used * 100 >= used.allowed * nearlyPercent) {
        this.raise(projectId, owner, { ...used, percent })
      }
    }
  }

  private raise(
    projectId: number,
    { owner, id }: LimitedOwner,
    { limit, allowed, used, period, percent }: UsedLimit & { readonly percent: number },
  ): void {
    this.thresholds.raise({ owner, id, projectId, limit, allowed, used, period, percent })
  }

  private release(projectId: number, call: UnderWay, isOnRecord: boolean): void {
    const calls = this.callsOf(projectId)
    calls.delete(call)
    if (calls.size === 0) this.underWay.delete(projectId)
    for (const { owner, meter } of call.meters) {
      meter.end(call.day, isOnRecord)
      const meters = this.meters[owner.owner]
      if (meter.inFlight > 0 || meters.get(owner.id) !== meter) continue
      if (!meter.isCounting || meters.size > maxMeters) meters.delete(owner.id)
    }
  }

  private callsOf(projectId: number): Set<UnderWay> {
    let calls = this.underWay.get(projectId)
    if (calls === undefined) {
      calls = new Set()
      this.underWay.set(projectId, calls)
    }
    return calls
  }

  /** A new one has the calls that are under way already. */
  private meterOf(projectId: number, owner: OwnerRef): UsageMeter {
    const meters = this.meters[owner.owner]
    const known = meters.get(owner.id)
    if (known !== undefined) return known
    const meter = new UsageMeter()
    meters.set(owner.id, meter)
    for (const call of this.underWay.get(projectId) ?? []) {
      if (!isOf(call, owner)) continue
      meter.inFlight++
      call.meters.push({ owner, meter })
    }
    return meter
  }

  private hasNoLimits({ projectId, projectEpoch }: UsageCaller): boolean {
    const known = this.limits.get(projectId)
    return known !== undefined && known.epoch === projectEpoch && known.byOwner.size === 0
  }

  private async limitedOwners(
    caller: UsageCaller,
    toolId: number | null,
  ): Promise<readonly LimitedOwner[]> {
    const { projectId, projectEpoch } = caller
    let known = this.limits.get(projectId)
    if (known?.epoch !== projectEpoch) known = await this.readLimits(projectId, projectEpoch)
    const limited: (OwnerRef & { readonly limits: UsageLimits })[] = []
    for (const each of ownersOf(caller, toolId)) {
      const limits = known.byOwner.get(`${each.owner}:${each.id}`)
      if (limits === undefined) continue
      limited.push({ ...each, limits })
      const counts = limits.callsPerDay !== null || limits.callsPerMonth !== null
      if (counts && !this.meterOf(projectId, each).isCounting) {
        await this.startCounting(projectId, each)
      }
    }
    // Only now: while one was waited for, another may have been dropped and made anew.
    return limited.map((each) => ({ ...each, meter: this.meterOf(projectId, each) }))
  }

  /** Limits change with the project's epoch, which every request reads with its credential. */
  private async readLimits(projectId: number, epoch: number): Promise<ProjectLimits> {
    const found = await this.deps.database.read(() => findProjectLimits(projectId))
    const byOwner = new Map(found.map(({ owner, id, limits }) => [`${owner}:${id}`, limits]))
    const known = { epoch, byOwner }
    this.limits.set(projectId, known)
    return known
  }

  /** A day at a time, so that nothing else waits for a whole month of a busy project. */
  private async startCounting(projectId: number, owner: OwnerRef): Promise<void> {
    const { clock, database } = this.deps
    const day = utcDayOf(clock.nowMs())
    const callsOn = (wanted: number) => database.read(() => countCallsOn(projectId, owner, wanted))
    let ofMonth = 0
    for (let past = firstDayOfMonth(day); past < day; past++) {
      ofMonth += await callsOn(past)
      await nextTurn()
    }
    // At the start of a turn whatever is on record has ended here too: nothing is counted twice.
    await nextTurn()
    const ofDay = await callsOn(day)
    const meter = this.meterOf(projectId, owner)
    // Another call may have come first.
    if (!meter.isCounting) meter.startFrom({ day, ofDay, ofMonth: ofMonth + ofDay })
  }
}

interface OwnerRef {
  readonly owner: UsageOwner
  readonly id: number
}

const none: readonly LimitedOwner[] = []

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

const memberIdOf = ({ session, grant }: UsageCaller) => session?.memberId ?? grant?.memberId ?? null

function ratesOf({ owner, id, limits }: LimitedOwner): RateLimit[] {
  const { callsPerMinute } = limits
  return callsPerMinute === null
    ? []
    : [{ bucket: `usage:${owner}:${id}`, of: owner, callsPerMinute }]
}

function ownersOf(caller: UsageCaller, toolId: number | null): OwnerRef[] {
  const { projectId, integrationId } = caller
  const memberId = memberIdOf(caller)
  const owners: OwnerRef[] = [
    { owner: 'project', id: projectId },
    { owner: 'integration', id: integrationId },
  ]
  if (memberId !== null) owners.push({ owner: 'member', id: memberId })
  if (toolId !== null) owners.push({ owner: 'tool', id: toolId })
  return owners
}

function isOf(call: UnderWay, { owner, id }: OwnerRef): boolean {
  if (owner === 'project') return true
  return { integration: call.integrationId, member: call.memberId, tool: call.toolId }[owner] === id
}
