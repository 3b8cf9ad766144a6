/** How an upstream of a project fares, as this process sees it. */
export interface UpstreamState {
  readonly origin: string
  /** `open`: calls fail at once; `half_open`: the next call tries whether it is back. */
  readonly state: 'closed' | 'open' | 'half_open'
  readonly inFlight: number
  readonly queued: number
  readonly failuresInRow: number
  /** Calls and retries of the last ten seconds, about. */
  readonly recentCalls: number
  readonly recentRetries: number
  /** When it was found down; null while calls pass. */
  readonly downSinceMs: number | null
  /** When the next call goes through to it; null while all do. */
  readonly nextTryAtMs: number | null
  /** Of the last attempt that found it down; null where none did. */
  readonly lastFailure: UpstreamFailure | null
}

/** What an attempt found. */
export interface UpstreamFailure {
  readonly atMs: number
  /** Catalogue code. */
  readonly code: string
  /** One sentence for people. */
  readonly reason: string | null
}
