import type { RateLimit } from './rate_limit.ts'

/** A credential for the management API (wire.md §2); with a project it manages that project only. */
export interface AdminToken {
  readonly id: number
  readonly projectId: number | null
  readonly name: string
  readonly last4: string
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
}

/** Who is managing: by an admin token, a project's API key, or from the machine itself. */
export interface Administrator {
  readonly kind: 'admin_token' | 'api_key' | 'local'
  /** The one project it may manage; null means all. */
  readonly projectId: number | null
  /** For records: names the credential, never holds it. */
  readonly label: string
  /** What its tool calls count against; an API key's own limit. */
  readonly rateLimits: readonly RateLimit[]
}
