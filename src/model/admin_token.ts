import type { RateLimit } from './rate_limit.ts'
import type { Role } from './user.ts'

/** A credential for the management API (wire.md §2); with a project it manages that project only. */
export interface AdminToken {
  readonly id: number
  readonly projectId: number | null
  readonly name: string
  readonly last4: string
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
}

/** Who is managing: by an admin token, a project's API key, signed in, or from the machine itself. */
export interface Administrator {
  readonly kind: 'admin_token' | 'api_key' | 'local' | 'user'
  /** The one project it may manage; null means all. */
  readonly projectId: number | null
  /** For records: names the credential, never holds it. */
  readonly label: string
  /** Of a signed-in person; the others own what is in their reach. */
  readonly role?: Role
  /** Where it calls from; null on the machine itself. */
  readonly address: string | null
  /** What its tool calls count against; an API key's own limit. */
  readonly rateLimits: readonly RateLimit[]
}
