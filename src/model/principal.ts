import type { RateLimit } from './rate_limit.ts'

/** What an API key may do (wire.md §2). */
export const apiKeyPermissions = ['tools.call', 'sessions.mint', 'project.manage'] as const
export type ApiKeyPermission = (typeof apiKeyPermissions)[number]

/**
 * Who vouched for a member: a signed assertion; a backend's bare word, where the operator allows it;
 * an administrator who tries a tool out.
 */
export const memberSources = ['assertion', 'unverified', 'administrator'] as const
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

/** Who is calling a project's tools, as the credential of this very request proves it. */
export interface Principal {
  readonly kind: 'api_key' | 'member' | 'administrator'
  readonly projectId: number
  readonly projectSlug: string
  /** Counts every change of the project's tools; compiled toolsets are cached by it. */
  readonly projectEpoch: number
  readonly integrationId: number
  /** The key presented, or the one the session token was minted with; null for an administrator. */
  readonly apiKeyId: number | null
  /** Only where a session token was presented. */
  readonly session: SessionParents | null
  readonly permissions: ReadonlySet<ApiKeyPermission>
  readonly member: Member | null
  /** Scopes held; null means every scope of the project (an API key). */
  readonly scopes: ReadonlySet<string> | null
  readonly expiresAtMs: number | null
  /** Every limit a call counts against; none means no limit. */
  readonly rateLimits: readonly RateLimit[]
}

/** Whether the principal holds a scope: `ALL` holds every one, `X_WRITE` holds `X_READ` (wire.md §8). */
export function holdsScope(principal: Principal, scope: string): boolean {
  const held = principal.scopes
  if (held === null || held.has('ALL') || held.has(scope)) return true
  return scope.endsWith('_READ') && held.has(`${scope.slice(0, -'_READ'.length)}_WRITE`)
}

/** What a principal's project and integration are called. */
export interface PrincipalNames {
  readonly projectName: string
  readonly integrationName: string
  /** The project's description, shown to models as the server's instructions. */
  readonly instructions: string
}
