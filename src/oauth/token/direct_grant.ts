import { randomUUID } from 'node:crypto'
import { accessTokenPrefix, newToken } from '../../crypto/opaque_token.ts'
import type { Grant } from '../../model/grant.ts'
import type { Operation } from '../../store/database.ts'
import { findClientGrant, insertGrant, type NewGrant } from '../../store/grant_store.ts'
import { findPolicy } from '../../store/policy_store.ts'
import { findProject } from '../../store/project_store.ts'
import { listScopes } from '../../store/scope_store.ts'
import { offeredScopes } from '../authorize/project_policy.ts'
import type { OauthDeps } from '../oauth_deps.ts'
import { OAuthError } from '../oauth_error.ts'
import { type Resource, readResource, resourceOf } from '../resource.ts'
import { unwrap } from './outcome.ts'
import { standingOf } from './standing.ts'
import { issueAccessToken, type TokenAnswer } from './token_answer.ts'
import type { TokenRequest } from './token_request.ts'

/** A client asks anew whenever it likes; what it holds need not be kept alive. */
const GRANT_MS = 365 * 86_400_000

/** What a client of an integration asks for without a person approving it then and there. */
export interface DirectWish {
  readonly projectId: number
  readonly integrationId: number
  readonly clientId: string
  readonly resource: Resource
  readonly asked: readonly string[]
}

/** A new access token and the moment. */
export interface DirectAnswer {
  readonly access: { readonly token: string; readonly hash: Uint8Array }
  readonly nowMs: number
}

/** Makes the token of a direct answer. */
export const newDirectAnswer = ({ clock }: Pick<OauthDeps, 'clock'>): DirectAnswer => ({
  access: newToken(accessTokenPrefix),
  nowMs: clock.nowMs(),
})

/** The integration whose client asks. @throws OAuthError unauthorized_client - it is none's */
export function integrationOf({ client }: TokenRequest) {
  const { projectId, integrationId, secretHash } = client
  if (projectId !== null && integrationId !== null && secretHash !== null) {
    return { projectId, integrationId }
  }
  throw new OAuthError('unauthorized_client', 'Only the client of an integration may do this')
}

/** The resource that is named; `/mcp` where none is. @throws OAuthError invalid_target */
export function resourceNamed(deps: OauthDeps, named: string | null): Resource {
  const publicUrl = deps.publicUrl()
  const resource = named === null ? resourceOf(publicUrl, null) : readResource(publicUrl, named)
  if (resource === null) throw notOurs()
  return resource
}

const notOurs = () => new OAuthError('invalid_target', 'resource is not an MCP URL of the project')

/**
 * Gives a token, and no refresh token, to a client for itself or for a member. A refusal undoes all.
 * @throws OAuthError invalid_target, invalid_scope or invalid_grant
 */
export function* giveDirect(
  wish: DirectWish,
  memberId: number | null,
  { access, nowMs }: DirectAnswer,
): Operation<TokenAnswer> {
  const { projectId, resource } = wish
  const project = yield* findProject(projectId)
  if (resource.slug !== null && resource.slug !== project?.slug) throw notOurs()
  const policy = yield* findPolicy(projectId)
  const offered = offeredScopes(wish.asked, policy, yield* listScopes(projectId))
  const grant = yield* grantFor(wish, { scopes: offered.toSorted(), memberId }, nowMs)
  const { scopes } = unwrap(yield* standingOf(grant, nowMs))
  const { id: grantId, expiresAtMs: grantExpiresAtMs } = grant
  const on = { grantId, grantExpiresAtMs, scopes, policy, nowMs }
  const expiresInSeconds = yield* issueAccessToken(access, on)
  return { accessToken: access.token, refreshToken: null, expiresInSeconds, scopes }
}

interface Held {
  readonly scopes: readonly string[]
  readonly memberId: number | null
}

/** One grant for all tokens that are alike: what administrators see as one connection. */
function* grantFor(
  { projectId, integrationId, clientId, resource }: DirectWish,
  held: Held,
  nowMs: number,
): Operation<Grant> {
  const key = { integrationId, clientId, resource: resource.url, ...held }
  const known = yield* findClientGrant(key, nowMs)
  if (known !== null) return known
  const grant: NewGrant = {
    id: randomUUID(),
    projectId,
    ...key,
    userId: null,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + GRANT_MS,
  }
  yield* insertGrant(grant)
  const unused = { lastUsedAtMs: null, lastAddress: null }
  return { ...grant, ...unused, revokedAtMs: null, revokedBecause: null }
}
