import { includesScope } from './policy.ts'
import type { RateLimit } from './rate_limit.ts'

/** What an API key may do (wire.md §2). */
export const apiKeyPermissions = ['tools.call', 'sessions.mint', 'project.manage'] as const
export type ApiKeyPermission = (typeof apiKeyPermissions)[number]

/**
 * Who vouched for a member: a signed assertion; a backend's bare word, where the operator allows it;
 * an administrator who tries a tool out; the member itself, signed in.
 */
export const memberSources = ['assertion', 'unverified', 'administrator', 'sign_in'] as const
export type MemberSource = (typeof memberSources)[number]

/** An end user as a customer's backend or a sign-in named them. */
export interface Member {
  readonly externalId: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly source: MemberSource
}

/** What a session token stands on beside its API key; each must be live at every request. */
export interface SessionParents {
  readonly memberId: number
  /** Null where the member was not proven by an assertion. */
  readonly assertionKeyId: number | null
  /** The key it is signed with. */
  readonly signingKid: string
}

/** What an access token stands on; read again from the token before a write is sent. */
export interface GrantParents {
  /** The grant's id, what people see as the id of their connection. */
  readonly id: string
  /** SHA-256 of the access token presented. */
  readonly tokenHash: Uint8Array
  readonly clientId: string
  /** Null where a client acts for itself. */
  readonly userId: number | null
  readonly memberId: number | null
}

/** Who is calling a project's tools, as the credential of this very request proves it. */
export interface Principal {
  readonly kind: 'api_key' | 'member' | 'grant' | 'administrator'
  readonly projectId: number
  readonly projectSlug: string
  /** Counts every change of the project's tools; compiled toolsets are cached by it. */
  readonly projectEpoch: number
  readonly integrationId: number
  /** The key presented, or the one the session token was minted with; null for all others. */
  readonly apiKeyId: number | null
  /** Only where a session token was presented. */
  readonly session: SessionParents | null
  /** Only where an OAuth access token was presented. */
  readonly grant: GrantParents | null
  readonly permissions: ReadonlySet<ApiKeyPermission>
  readonly member: Member | null
  /** Scopes held; null means every scope of the project (an API key). */
  readonly scopes: ReadonlySet<string> | null
  readonly expiresAtMs: number | null
  /** Every limit a call counts against; none means no limit. */
  readonly rateLimits: readonly RateLimit[]
}

/** Whether the principal holds a scope (wire.md §8). */
export function holdsScope({ scopes }: Pick<Principal, 'scopes'>, scope: string): boolean {
  return scopes === null || includesScope(scopes, scope)
}

/** What a principal's project and integration, and its user and client, are called. */
export interface PrincipalNames {
  readonly projectName: string
  readonly integrationName: string
  /** The signed-in person's; null where nobody is signed in. */
  readonly userName: string | null
  /** What the OAuth client calls itself; null for other credentials. */
  readonly clientName: string | null
  /** The project's description, shown to models as the server's instructions. */
  readonly instructions: string
}
