import type { UsageOwner } from './usage_limit.ts'

/** How many tool calls one API key or one member may make, or one thing that usage limits are set on. */
export interface RateLimit {
  /** Names what is counted together: one per key, member or other owner, unlike any other's. */
  readonly bucket: string
  readonly of: 'key' | UsageOwner
  /** A whole number, at least 1; as many may also come at once. */
  readonly callsPerMinute: number
}
