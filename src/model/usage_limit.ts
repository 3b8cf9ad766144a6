/** What a limit may be set on; the calls of each are counted apart. */
export const usageOwners = ['project', 'integration', 'member', 'tool'] as const
export type UsageOwner = (typeof usageOwners)[number]

/** How many tool calls one owner may make; null for no limit. */
export interface UsageLimits {
  readonly callsPerMinute: number | null
  /** Of one UTC day. */
  readonly callsPerDay: number | null
  /** Of one calendar month, UTC. */
  readonly callsPerMonth: number | null
  /** Calls that may be under way at the same time. */
  readonly maxConcurrent: number | null
}

/** The names of the limits, as the API and events write them. */
export const limitNames = {
  callsPerMinute: 'calls_per_minute',
  callsPerDay: 'calls_per_day',
  callsPerMonth: 'calls_per_month',
  maxConcurrent: 'max_concurrent',
} as const satisfies Record<keyof UsageLimits, string>
export type LimitName = (typeof limitNames)[keyof UsageLimits]

/** The largest number each limit can be set to. */
export const maxUsageLimits: Readonly<Record<keyof UsageLimits, number>> = {
  callsPerMinute: 1_000_000,
  callsPerDay: 1_000_000_000,
  callsPerMonth: 1_000_000_000,
  maxConcurrent: 10_000,
}

/** An owner for which nothing is set. */
export const noUsageLimits: UsageLimits = {
  callsPerMinute: null,
  callsPerDay: null,
  callsPerMonth: null,
  maxConcurrent: null,
}

/** Which thing a limit belongs to. */
export interface UsageOwnerRef {
  readonly owner: UsageOwner
  readonly id: number
}

/** That a limit is used up, or nearly. */
export interface UsageThreshold extends UsageOwnerRef {
  readonly projectId: number
  readonly limit: LimitName
  /** What the limit allows. */
  readonly allowed: number
  readonly used: number
  /** 80 or 100. */
  readonly percent: number
  /** The UTC day or month it is about: `2026-01-31` or `2026-01`. */
  readonly period: string
}

const owners: Readonly<Record<UsageOwner, string>> = {
  project: 'This project',
  integration: 'This integration',
  member: 'This member',
  tool: 'This tool',
}

/** Names an owner of a limit at the start of a sentence. */
export const ownerText = (owner: UsageOwner): string => owners[owner]
