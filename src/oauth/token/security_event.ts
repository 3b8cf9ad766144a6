import { auditChain } from '../../crypto/audit_chain.ts'
import type { Grant } from '../../model/grant.ts'
import { appendAuditEvent } from '../../store/audit_store.ts'
import type { Operation } from '../../store/database.ts'
import { revokeGrant } from '../../store/grant_store.ts'
import type { OauthDeps } from '../oauth_deps.ts'

/** Why a grant ends that nobody asked to end. */
export type SecurityEvent = 'grant.code_reuse' | 'grant.refresh_reuse'

const reasons: Readonly<Record<SecurityEvent, string>> = {
  'grant.code_reuse': 'An authorization code was used twice.',
  'grant.refresh_reuse': 'A refresh token was used again after its successor was given out.',
}

/**
 * Ends a grant with all its tokens, because what should be in one hand is in two; on record in the
 * same transaction (RFC 9700 §4.14.2, OAuth 2.1 §4.1.3; cases 98, 101).
 */
export function* endCompromised(
  deps: Pick<OauthDeps, 'clock' | 'masterKey'>,
  { grant, event, address }: Compromise,
): Operation<void> {
  const nowMs = deps.clock.nowMs()
  const wasLive = yield* revokeGrant(grant.id, { nowMs, because: reasons[event] })
  if (!wasLive) return
  const entry = {
    atMs: nowMs,
    actor: 'system',
    action: event,
    target: `connection:${grant.id}`,
    projectId: grant.projectId,
    details: { client_id: grant.clientId, user_id: grant.userId },
    address,
  }
  yield* appendAuditEvent(entry, auditChain(deps.masterKey))
}

/** What was found out, and where the second use came from. */
export interface Compromise {
  readonly grant: Grant
  readonly event: SecurityEvent
  readonly address: string | null
}
