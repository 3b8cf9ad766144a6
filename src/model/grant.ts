/** One person's approval of one OAuth client for one project; what people see as a connection. */
export interface Grant {
  /** A uuid. */
  readonly id: string
  readonly projectId: number
  readonly integrationId: number
  readonly clientId: string
  /** Null where a client acts for itself (RFC 6749 §4.4). */
  readonly userId: number | null
  readonly memberId: number | null
  readonly scopes: readonly string[]
  /** The MCP URL its tokens are for (RFC 8707). */
  readonly resource: string
  readonly createdAtMs: number
  /** A year after it was given, whatever happens. */
  readonly expiresAtMs: number
  readonly lastUsedAtMs: number | null
  readonly lastAddress: string | null
  readonly revokedAtMs: number | null
  /** Why it ended; for people. */
  readonly revokedBecause: string | null
}
