import { hashPresentedToken, refreshTokenPrefix } from '../crypto/opaque_token.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Grant } from '../model/grant.ts'
import { type GrantStanding, grantFault, scopesNow } from '../model/grant_standing.ts'
import type { StoredOauthClient } from '../model/oauth_client.ts'
import type { Operation } from '../store/database.ts'
import { findAccessToken, findGrantStanding } from '../store/grant_standing_store.ts'
import { findGrant } from '../store/grant_store.ts'
import { findRefreshToken } from '../store/oauth_token_store.ts'
import { authenticateClient } from './authenticate_client.ts'
import type { FormParameters } from './form_parameters.ts'
import type { OauthDeps } from './oauth_deps.ts'
import { OAuthError } from './oauth_error.ts'
import type { ClientRequest } from './token.ts'

const inactive: JsonObject = { active: false }

/**
 * The introspection endpoint (RFC 7662 §2): what a token comes to at this moment, for the client it was
 * given to and for the integration clients of its project. For everyone else, and for a token that does
 * not count, it is not active, and no more is said (case 129).
 * @throws OAuthError invalid_request or invalid_client - public clients cannot prove who they are
 */
export async function introspect(deps: OauthDeps, request: ClientRequest): Promise<JsonObject> {
  const client = await authenticateClient(deps, request)
  if (client.secretHash === null) {
    throw new OAuthError('invalid_client', 'Introspection takes a client secret')
  }
  return look(deps, request.form, (standing) => mayLook(client, standing))
}

/**
 * As `introspect`, for an administrator: every token of the project it manages, of any where
 * `projectId` is null.
 * @throws OAuthError invalid_request
 */
export function introspectFor(
  deps: OauthDeps,
  form: FormParameters,
  projectId: number | null,
): Promise<JsonObject> {
  return look(deps, form, (standing) => projectId === null || standing.projectId === projectId)
}

async function look(
  deps: OauthDeps,
  form: FormParameters,
  isVisible: (standing: GrantStanding) => boolean,
): Promise<JsonObject> {
  const token = form.get('token')
  if (token === null) throw new OAuthError('invalid_request', 'token is missing')
  const hash = hashPresentedToken(token)
  if (hash === null) return inactive
  const nowMs = deps.clock.nowMs()
  const isRefresh = token.startsWith(refreshTokenPrefix)
  const found = await deps.database.read(() =>
    isRefresh ? readRefreshToken(hash) : readAccessToken(hash),
  )
  if (found === null || !isVisible(found.standing)) return inactive
  if (nowMs >= found.expiresAtMs || grantFault(found.standing, nowMs) !== null) return inactive
  return described(found, { isRefresh, issuer: deps.publicUrl() })
}

interface Found {
  readonly standing: GrantStanding
  readonly grant: Grant
  readonly scopes: readonly string[]
  readonly createdAtMs: number | null
  readonly expiresAtMs: number
}

function* readAccessToken(hash: Uint8Array): Operation<Found | null> {
  const token = yield* findAccessToken(hash)
  const grant = token === null ? null : yield* findGrant(token.standing.grantId)
  if (token === null || grant === null) return null
  const { standing, scopes, expiresAtMs } = token
  return { standing, grant, scopes, createdAtMs: null, expiresAtMs }
}

function* readRefreshToken(hash: Uint8Array): Operation<Found | null> {
  const token = yield* findRefreshToken(hash)
  if (token === null || token.usedAtMs !== null) return null
  const standing = yield* findGrantStanding(token.grantId)
  const grant = yield* findGrant(token.grantId)
  if (standing === null || grant === null) return null
  const { createdAtMs, expiresAtMs } = token
  return { standing, grant, scopes: grant.scopes, createdAtMs, expiresAtMs }
}

/** A client sees its own tokens; one of an integration those of its project. */
const mayLook = (client: StoredOauthClient, standing: GrantStanding) =>
  client.clientId === standing.clientId ||
  (client.kind === 'integration' && client.projectId === standing.projectId)

function described(
  { standing, grant, scopes, createdAtMs, expiresAtMs }: Found,
  { isRefresh, issuer }: { readonly isRefresh: boolean; readonly issuer: string },
): JsonObject {
  return {
    active: true,
    scope: [...scopesNow(scopes, standing)].join(' '),
    client_id: standing.clientId,
    ...(isRefresh ? {} : { token_type: 'Bearer' }),
    exp: Math.floor(expiresAtMs / 1000),
    ...(createdAtMs === null ? {} : { iat: Math.floor(createdAtMs / 1000) }),
    sub: standing.member?.externalId ?? standing.clientId,
    ...(standing.user === null ? {} : { username: standing.user.email }),
    aud: grant.resource,
    iss: issuer,
  }
}
