import { hashPresentedToken } from '../../crypto/opaque_token.ts'
import { type SealContext, seal, unseal } from '../../crypto/seal.ts'
import type { Grant } from '../../model/grant.ts'
import { mcpUrlOf } from '../../model/mcp_url.ts'
import { underCeiling } from '../../model/policy.ts'
import type { Operation } from '../../store/database.ts'
import { findGrant, updateGrantScopes } from '../../store/grant_store.ts'
import { touchOauthClient } from '../../store/oauth_client_store.ts'
import {
  findRefreshToken,
  forgetSuccessors,
  successorGraceMs,
  takeRefreshToken,
} from '../../store/oauth_token_store.ts'
import { askedScopes } from '../authorize/asked_scopes.ts'
import type { OauthDeps } from '../oauth_deps.ts'
import { OAuthError } from '../oauth_error.ts'
import { narrowedScopes } from './narrowed_scopes.ts'
import { invalidGrant, type Outcome, refused, unwrap } from './outcome.ts'
import { resourceFault } from './same_resource.ts'
import { endCompromised } from './security_event.ts'
import { type Standing, standingOf } from './standing.ts'
import {
  isRefreshLive,
  issueAccessToken,
  issueRefreshToken,
  newTokenPair,
  type TokenAnswer,
  type TokenPair,
} from './token_answer.ts'
import type { TokenRequest } from './token_request.ts'

/**
 * Exchanges a refresh token for a new pair and retires it (RFC 6749 §6, RFC 9700 §4.14.2; cases
 * 101–104). The same client asking again within 10 s is given the very same successor; a retired token
 * that comes later is in two hands, and ends the grant.
 * @throws OAuthError invalid_request, invalid_grant, invalid_scope or invalid_target
 */
export async function redeemRefreshToken(
  deps: OauthDeps,
  request: TokenRequest,
): Promise<TokenAnswer> {
  const token = request.form.get('refresh_token')
  if (token === null) throw new OAuthError('invalid_request', 'refresh_token is missing')
  const hash = hashPresentedToken(token)
  if (hash === null) return unwrap(invalidGrant())
  const asked = askedScopes(request.form)
  const pair = newTokenPair()
  const rotation: Rotation = {
    request,
    asked,
    hash,
    pair,
    sealedSuccessor: seal(deps.masterKey, sealedAs(hash), pair.refresh.token),
  }
  const given = unwrap(await deps.database.write(() => rotate(deps, rotation)))
  const { sealedSuccessor, answer } = given
  if (sealedSuccessor === null) return answer
  const refreshToken = unseal(deps.masterKey, sealedAs(hash), sealedSuccessor)
  return { ...answer, refreshToken }
}

/** A successor opens for the token it succeeds alone. */
const sealedAs = (hash: Uint8Array): SealContext => ({
  projectId: 0,
  toolId: 0,
  field: `refresh_tokens.sealed_successor.${Buffer.from(hash).toString('hex')}`,
})

interface Rotation {
  readonly request: TokenRequest
  readonly asked: readonly string[]
  readonly hash: Uint8Array
  readonly pair: TokenPair
  readonly sealedSuccessor: Uint8Array
}

interface Rotated {
  readonly answer: TokenAnswer
  /** The successor given out before, where this is not the first time; else null. */
  readonly sealedSuccessor: Uint8Array | null
}

function* rotate(deps: OauthDeps, rotation: Rotation): Operation<Outcome<Rotated>> {
  const { request, hash } = rotation
  const nowMs = deps.clock.nowMs()
  const token = yield* findRefreshToken(hash)
  const grant = token === null ? null : yield* findGrant(token.grantId)
  if (token === null || grant?.clientId !== request.client.clientId) return invalidGrant()
  const isRetired = token.usedAtMs !== null && nowMs >= token.usedAtMs + successorGraceMs
  if (isRetired && nowMs < token.expiresAtMs) {
    yield* endCompromised(deps, { grant, event: 'grant.refresh_reuse', address: request.address })
    return invalidGrant()
  }
  const standing = yield* standingOf(grant, nowMs)
  if ('refused' in standing) return standing
  if (!isRefreshLive(token, { policy: standing.given.policy, nowMs })) return invalidGrant()
  const publicUrl = deps.publicUrl()
  const resources = resourcesOf(grant, publicUrl, standing.given.projectSlug)
  const wrongTarget = resourceFault(request.form, { publicUrl, resources, isRequired: false })
  if (wrongTarget !== null) return refused(wrongTarget)
  return yield* exchange(rotation, { grant, standing: standing.given, nowMs })
}

/** What was approved is the project: its slug may have been changed since. */
function resourcesOf({ resource }: Grant, publicUrl: string, slug: string): readonly string[] {
  return resource === mcpUrlOf(publicUrl, null) ? [resource] : [resource, mcpUrlOf(publicUrl, slug)]
}

interface Exchanged {
  readonly grant: Grant
  readonly standing: Standing
  readonly nowMs: number
}

function* exchange(
  rotation: Rotation,
  { grant, standing, nowMs }: Exchanged,
): Operation<Outcome<Rotated>> {
  const { pair, asked, hash, sealedSuccessor } = rotation
  const kept = narrowedScopes(asked, grant.scopes)
  const scopes = [...underCeiling(kept ?? [], new Set(standing.scopes))]
  if (kept === null || (asked.length > 0 && scopes.length === 0)) {
    return refused(new OAuthError('invalid_scope', 'Requested scopes are not allowed'))
  }
  const isFirst = yield* takeRefreshToken({ hash, nowMs, sealedSuccessor })
  // Whoever was first may have been so since the token was read.
  const given = isFirst ? null : ((yield* findRefreshToken(hash))?.sealedSuccessor ?? null)
  if (!isFirst && given === null) return invalidGrant()
  if (asked.length > 0) yield* updateGrantScopes(grant.id, kept)
  const { policy } = standing
  const on = { grantId: grant.id, grantExpiresAtMs: grant.expiresAtMs, scopes, policy, nowMs }
  const expiresInSeconds = yield* issueAccessToken(pair.access, on)
  if (isFirst) {
    yield* issueRefreshToken(pair.refresh, on)
    yield* forgetSuccessors(grant.id, nowMs - successorGraceMs)
    yield* touchOauthClient(rotation.request.client.id, nowMs)
  }
  const answer = {
    accessToken: pair.access.token,
    refreshToken: pair.refresh.token,
    expiresInSeconds,
    scopes,
  }
  return { given: { answer, sealedSuccessor: given } }
}
