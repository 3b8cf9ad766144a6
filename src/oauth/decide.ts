import { randomUUID } from 'node:crypto'
import { auditChain } from '../crypto/audit_chain.ts'
import { newToken, oauthCodePrefix } from '../crypto/opaque_token.ts'
import { AppError } from '../errors.ts'
import { appendAuditEvent } from '../store/audit_store.ts'
import type { Operation } from '../store/database.ts'
import { findGrant, insertGrant, updateGrantScopes } from '../store/grant_store.ts'
import { findOrInsertSignInIntegration } from '../store/integration_store.ts'
import { upsertMember } from '../store/member_store.ts'
import { touchOauthClient } from '../store/oauth_client_store.ts'
import {
  deleteUnusedCodes,
  findGrantIdByChallenge,
  insertCode,
} from '../store/oauth_token_store.ts'
import { scopesNotAllowed } from './authorize/asked_scopes.ts'
import {
  type Authorization,
  answerLocation,
  type Person,
  RefusedAuthorization,
} from './authorize/authorization.ts'
import { findOpenings, type Opening } from './authorize/openings.ts'
import type { OauthDeps } from './oauth_deps.ts'
import { OAuthError } from './oauth_error.ts'

/** What a person approves. */
export interface Approval {
  readonly projectId: number
  /** Some of the scopes the project offers. */
  readonly scopes: readonly string[]
}

/** A code is redeemed at once, or never (RFC 6749 §4.1.2; case 99). */
const CODE_MS = 60_000
/** A connection ends then, whatever happens (wire.md §2). */
const GRANT_MS = 365 * 86_400_000

/**
 * Writes a person's approval down: member, grant and code in one step. The same request approved once
 * more gives another code for the same grant, and takes the one before back (case 132).
 * @returns where the browser goes
 * @throws RefusedAuthorization; AppError client_not_allowed, redirect_not_allowed or not_found - the
 * project is none that was offered
 */
export async function approve(
  deps: OauthDeps,
  authorization: Authorization,
  { person, approval }: { readonly person: Person; readonly approval: Approval },
): Promise<string> {
  const openings = await findOpenings(deps, authorization, person)
  const opening = openings.find(({ project }) => project.id === approval.projectId)
  if (opening === undefined || opening.refusal !== null) throw new AppError('not_found')
  const scopes = approvedScopes(authorization, opening, approval)
  const code = newToken(oauthCodePrefix)
  const decision = { authorization, person, opening, scopes, code, grantId: randomUUID() }
  await deps.database.write(() => writeApproval(deps, decision))
  return answerLocation(authorization, [['code', code.token]])
}

/** What a person's refusal is told with. @returns where the browser goes */
export function deny(authorization: Authorization): string {
  const refusal = new OAuthError('access_denied', 'The person did not approve')
  return new RefusedAuthorization(refusal, authorization).location
}

function approvedScopes(
  authorization: Authorization,
  { offered }: Opening,
  { scopes }: Approval,
): readonly string[] {
  const names = new Set(offered.map(({ name }) => name))
  const chosen = [...new Set(scopes)]
  if (!chosen.every((scope) => names.has(scope))) {
    throw new RefusedAuthorization(scopesNotAllowed(), authorization)
  }
  if (chosen.length > 0 || names.size === 0) return chosen
  throw new RefusedAuthorization(
    new OAuthError('access_denied', 'The person approved none of the scopes'),
    authorization,
  )
}

interface Decision {
  readonly authorization: Authorization
  readonly person: Person
  readonly opening: Opening
  readonly scopes: readonly string[]
  readonly code: { readonly hash: Uint8Array }
  /** For a new grant, should it be one. */
  readonly grantId: string
}

function* writeApproval(deps: OauthDeps, decision: Decision): Operation<void> {
  const { authorization, person, scopes, code } = decision
  const nowMs = deps.clock.nowMs()
  const memberId = yield* welcomeMember(decision, nowMs)
  const known = yield* sameGrant(decision)
  if (known === null) yield* writeGrant(deps, decision, memberId)
  else {
    yield* updateGrantScopes(known, scopes)
    yield* deleteUnusedCodes(known)
  }
  yield* insertCode({
    hash: code.hash,
    grantId: known ?? decision.grantId,
    redirectUri: authorization.redirectUri,
    codeChallenge: authorization.codeChallenge,
    namesResource: authorization.namesResource,
    sessionId: person.sessionId,
    expiresAtMs: nowMs + CODE_MS,
  })
  yield* touchOauthClient(authorization.client.id, nowMs)
}

/** @throws RefusedAuthorization - the member is blocked */
function* welcomeMember(decision: Decision, nowMs: number): Operation<number> {
  const { authorization, person, opening } = decision
  const member = yield* upsertMember({
    projectId: opening.project.id,
    externalId: `user_${person.user.id}`,
    email: person.user.email,
    roles: [opening.role],
    source: 'sign_in',
    nowMs,
  })
  if (member === null) throw new AppError('internal')
  if (!member.isBlocked) return member.id
  throw new RefusedAuthorization(
    new OAuthError('access_denied', 'Member is blocked'),
    authorization,
  )
}

/** The live grant that an earlier approval of this very request has given. */
function* sameGrant({ authorization, person, opening }: Decision): Operation<string | null> {
  const id = yield* findGrantIdByChallenge(authorization.codeChallenge)
  const grant = id === null ? null : yield* findGrant(id)
  const isSame =
    grant !== null &&
    grant.revokedAtMs === null &&
    grant.userId === person.user.id &&
    grant.clientId === authorization.client.clientId &&
    grant.projectId === opening.project.id &&
    grant.resource === authorization.resource.url
  return isSame ? grant.id : null
}

function* writeGrant(
  { clock, masterKey }: OauthDeps,
  { authorization, person, opening, scopes, grantId }: Decision,
  memberId: number,
): Operation<void> {
  const { client, resource } = authorization
  const projectId = opening.project.id
  const nowMs = clock.nowMs()
  yield* insertGrant({
    id: grantId,
    projectId,
    integrationId: yield* integrationOf(authorization, projectId, nowMs),
    clientId: client.clientId,
    userId: person.user.id,
    memberId,
    scopes,
    resource: resource.url,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + GRANT_MS,
  })
  const entry = {
    atMs: nowMs,
    actor: `user:${person.user.id}`,
    action: 'grant.approve',
    target: `connection:${grantId}`,
    projectId,
    details: { client_id: client.clientId, scopes: [...scopes], resource: resource.url },
    address: person.address,
  }
  yield* appendAuditEvent(entry, auditChain(masterKey))
}

/** @throws RefusedAuthorization - the project lets nobody in this way */
function* integrationOf(
  authorization: Authorization,
  projectId: number,
  nowMs: number,
): Operation<number> {
  const { integrationId } = authorization.client
  if (integrationId !== null) return integrationId
  const integration = yield* findOrInsertSignInIntegration(projectId, nowMs)
  if (integration.isActive) return integration.id
  throw new RefusedAuthorization(
    new OAuthError('access_denied', 'Signing in is switched off for this project'),
    authorization,
  )
}
