import { auditChain } from '../crypto/audit_chain.ts'
import { hashPresentedToken, refreshTokenPrefix } from '../crypto/opaque_token.ts'
import { appendAuditEvent } from '../store/audit_store.ts'
import type { Operation } from '../store/database.ts'
import { findAccessToken } from '../store/grant_standing_store.ts'
import { findGrant, revokeGrant } from '../store/grant_store.ts'
import { deleteAccessToken, findRefreshToken } from '../store/oauth_token_store.ts'
import { authenticateClient } from './authenticate_client.ts'
import type { OauthDeps } from './oauth_deps.ts'
import { OAuthError } from './oauth_error.ts'
import type { ClientRequest } from './token.ts'

/**
 * The revocation endpoint (RFC 7009 §2): a refresh token takes its whole grant along, an access token
 * goes alone. A token that is unknown or another client's is none of the caller's business: nothing
 * happens and nothing is said (case 128).
 * @throws OAuthError invalid_request or invalid_client
 */
export async function revokeToken(deps: OauthDeps, request: ClientRequest): Promise<void> {
  const client = await authenticateClient(deps, request)
  const token = request.form.get('token')
  if (token === null) throw new OAuthError('invalid_request', 'token is missing')
  const hash = hashPresentedToken(token)
  if (hash === null) return
  const { clientId } = client
  const { address } = request
  await deps.database.write(() =>
    token.startsWith(refreshTokenPrefix)
      ? endGrant(deps, { hash, clientId, address })
      : endAccessToken(hash, clientId),
  )
}

interface Ending {
  readonly hash: Uint8Array
  readonly clientId: string
  readonly address: string | null
}

function* endGrant(deps: OauthDeps, { hash, clientId, address }: Ending): Operation<void> {
  const token = yield* findRefreshToken(hash)
  const grant = token === null ? null : yield* findGrant(token.grantId)
  if (grant === null || grant.clientId !== clientId) return
  const nowMs = deps.clock.nowMs()
  if (!(yield* revokeGrant(grant.id, { nowMs, because: 'The client ended it.' }))) return
  const entry = {
    atMs: nowMs,
    actor: 'system',
    action: 'grant.revoke',
    target: `connection:${grant.id}`,
    projectId: grant.projectId,
    details: { client_id: clientId, by: 'client' },
    address,
  }
  yield* appendAuditEvent(entry, auditChain(deps.masterKey))
}

function* endAccessToken(hash: Uint8Array, clientId: string): Operation<void> {
  const found = yield* findAccessToken(hash)
  if (found?.standing.clientId === clientId) yield* deleteAccessToken(hash)
}
