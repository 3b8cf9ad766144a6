/** How many tool calls one API key or one member may make. */
export interface RateLimit {
  /** Names what is counted together: one per key and one per member, unlike any other's. */
  readonly bucket: string
  readonly of: 'key' | 'member'
  /** A whole number, at least 1; as many may also come at once. */
  readonly callsPerMinute: number
}
