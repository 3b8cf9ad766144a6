import type { Grant } from '../../model/grant.ts'
import { grantFault, grantFaultTexts } from '../../model/grant_standing.ts'
import { ceilingOf, type Policy, underCeiling } from '../../model/policy.ts'
import type { Operation } from '../../store/database.ts'
import { findGrantStanding } from '../../store/grant_standing_store.ts'
import { findPolicy } from '../../store/policy_store.ts'
import { listScopes } from '../../store/scope_store.ts'
import { invalidGrant, type Outcome } from './outcome.ts'

/** What a live grant comes to at this moment. */
export interface Standing {
  readonly policy: Policy
  readonly projectSlug: string
  /** Of what was approved, what the policy still allows (case 107). */
  readonly scopes: readonly string[]
}

/**
 * Whether everything a grant stands on is there: person, membership, client, integration, project,
 * policy (cases 107, 133). Tokens are not given on what would be refused at their first use.
 */
export function* standingOf(grant: Grant, nowMs: number): Operation<Outcome<Standing>> {
  const standing = yield* findGrantStanding(grant.id)
  const fault = standing === null ? 'revoked' : grantFault(standing, nowMs)
  if (fault !== null) return invalidGrant(grantFaultTexts[fault])
  const policy = yield* findPolicy(grant.projectId)
  const ceiling = ceilingOf(policy, yield* listScopes(grant.projectId))
  const scopes = [...underCeiling(grant.scopes, ceiling)]
  return { given: { policy, projectSlug: standing?.projectSlug ?? '', scopes } }
}
