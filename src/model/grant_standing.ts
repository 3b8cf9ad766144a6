import { allowsClient, underCeiling, underPolicy } from './policy.ts'
import type { Role } from './user.ts'

/** A grant and everything it stands on, as they are at one moment. */
export interface GrantStanding {
  readonly grantId: string
  readonly projectId: number
  readonly projectSlug: string
  readonly projectEpoch: number
  readonly isSuspended: boolean
  readonly integrationId: number
  readonly isIntegrationActive: boolean
  readonly clientId: string
  /** False for a client that was deleted. */
  readonly isClientKnown: boolean
  /** Null where a client acts for itself. */
  readonly user: GrantUser | null
  /** Null where no member is named. */
  readonly member: GrantMember | null
  readonly scopes: readonly string[]
  readonly expiresAtMs: number
  readonly isRevoked: boolean
  readonly lastUsedAtMs: number | null
  readonly policy: GrantPolicy
}

/** The person who gave a grant. */
export interface GrantUser {
  readonly id: number
  readonly email: string
  readonly isDisabled: boolean
  /** The strongest role in the grant's project; null when it is none of theirs any more. */
  readonly role: Role | null
}

/** Whom the calls of a grant are made for. */
export interface GrantMember {
  readonly id: number
  readonly externalId: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly isBlocked: boolean
  /** Its own limit, else the project's. */
  readonly callsPerMinute: number | null
}

/** What of a project's policy decides over grants that were given. */
export interface GrantPolicy {
  readonly isMcpEnabled: boolean
  readonly allowedClientIds: readonly string[]
  readonly policyScopes: readonly string[]
}

/** Why a grant does not count; each parent alone can be it. */
export type GrantFault =
  | 'revoked'
  | 'expired'
  | 'client_deleted'
  | 'client_not_allowed'
  | 'integration_inactive'
  | 'user_disabled'
  | 'user_left'
  | 'member_blocked'
  | 'project_suspended'
  | 'mcp_disabled'
  | 'nothing_allowed'

/** Each fault as a sentence for people. */
export const grantFaultTexts: Readonly<Record<GrantFault, string>> = {
  revoked: 'The connection was revoked.',
  expired: 'The connection has expired.',
  client_deleted: 'The OAuth client was deleted.',
  client_not_allowed: "The project's policy does not allow this OAuth client.",
  integration_inactive: 'The integration is not active.',
  user_disabled: 'The account behind the connection is disabled.',
  user_left: 'The person is not part of the project any more.',
  member_blocked: 'Member is blocked.',
  project_suspended: 'The project is suspended.',
  mcp_disabled: 'MCP is switched off for the project.',
  nothing_allowed: "The project's policy allows nothing any more that was approved.",
}

/**
 * Why the grant does not count at this moment; null when it does. What is wrong with the grant itself
 * comes first: nobody else learns how the project stands.
 */
export function grantFault(standing: GrantStanding, nowMs: number): GrantFault | null {
  const { policy, user, member, clientId } = standing
  if (standing.isRevoked) return 'revoked'
  if (nowMs >= standing.expiresAtMs) return 'expired'
  if (!standing.isClientKnown) return 'client_deleted'
  if (!allowsClient(policy.allowedClientIds, clientId)) return 'client_not_allowed'
  if (!standing.isIntegrationActive) return 'integration_inactive'
  if (user?.isDisabled) return 'user_disabled'
  if (user !== null && user.role === null) return 'user_left'
  if (member?.isBlocked) return 'member_blocked'
  if (standing.isSuspended) return 'project_suspended'
  if (!policy.isMcpEnabled) return 'mcp_disabled'
  const isNothingLeft =
    standing.scopes.length > 0 && scopesNow(standing.scopes, standing).size === 0
  return isNothingLeft ? 'nothing_allowed' : null
}

/**
 * What scopes asked of a grant come to now: no more than it was given, no more than the policy allows
 * at this moment (reliability.md case 107).
 */
export function scopesNow(
  asked: readonly string[],
  { scopes, policy }: Pick<GrantStanding, 'scopes' | 'policy'>,
): ReadonlySet<string> {
  return underPolicy(underCeiling(asked, new Set(scopes)), policy.policyScopes)
}
