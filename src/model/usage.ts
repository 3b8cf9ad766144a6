/** By what usage can be added up. */
export const usageGroups = ['day', 'tool', 'member', 'integration'] as const
export type UsageGroup = (typeof usageGroups)[number]

/** What was counted of ended calls. */
export interface UsageCounts {
  readonly calls: number
  /** Calls that failed, those of unknown outcome included. */
  readonly errors: number
  /** Calls whose outcome was unknown when they ended. */
  readonly unknown: number
  readonly requestBytes: number
  readonly responseBytes: number
  /** Time upstreams took, in milliseconds. */
  readonly upstreamMs: number
}

/** What was counted of one tool, member, integration or day. */
export interface UsageRow extends UsageCounts {
  /** Of the tool, member or integration; null for calls without a member, and where days are told apart. */
  readonly id: number | null
  /** What the thing is called; a member's external id. Empty where it is gone. */
  readonly name: string | null
  /** A UTC day as days since 1970-01-01; null where days are added up. */
  readonly day: number | null
}

/** Which usage is asked for: UTC days as days since 1970-01-01, the end excluded; null is open. */
export interface UsageSpan {
  readonly sinceDay: number | null
  readonly untilDay: number | null
}
