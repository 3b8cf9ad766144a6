import { hashPresentedToken } from '../../crypto/opaque_token.ts'
import type { Grant } from '../../model/grant.ts'
import type { Operation } from '../../store/database.ts'
import { findGrant, revokeGrant } from '../../store/grant_store.ts'
import { touchOauthClient } from '../../store/oauth_client_store.ts'
import { findCode, type KeptCode, takeCode } from '../../store/oauth_token_store.ts'
import type { OauthDeps } from '../oauth_deps.ts'
import { OAuthError } from '../oauth_error.ts'
import { provesChallenge } from './code_verifier.ts'
import { invalidGrant, type Outcome, refused, unwrap } from './outcome.ts'
import { resourceFault } from './same_resource.ts'
import { endCompromised } from './security_event.ts'
import { standingOf } from './standing.ts'
import {
  issueAccessToken,
  issueRefreshToken,
  newTokenPair,
  type TokenAnswer,
  type TokenPair,
} from './token_answer.ts'
import type { TokenRequest } from './token_request.ts'

/**
 * Redeems a code (RFC 6749 §4.1.3, RFC 7636 §4.6). Whoever presents it first uses it up, whatever
 * else is wrong; the same client presenting it again ends the grant (cases 96–100, 105).
 * @throws OAuthError invalid_request, invalid_grant or invalid_target
 */
export async function redeemCode(deps: OauthDeps, request: TokenRequest): Promise<TokenAnswer> {
  const code = request.form.get('code')
  if (code === null) throw new OAuthError('invalid_request', 'code is missing')
  const hash = hashPresentedToken(code)
  if (hash === null) return unwrap(invalidGrant())
  const pair = newTokenPair()
  return unwrap(await deps.database.write(() => redeem(deps, { request, hash, pair })))
}

interface Redemption {
  readonly request: TokenRequest
  readonly hash: Uint8Array
  readonly pair: TokenPair
}

function* redeem(
  deps: OauthDeps,
  { request, hash, pair }: Redemption,
): Operation<Outcome<TokenAnswer>> {
  const nowMs = deps.clock.nowMs()
  const code = yield* findCode(hash)
  const grant = code === null ? null : yield* findGrant(code.grantId)
  if (code === null || grant?.clientId !== request.client.clientId) return invalidGrant()
  if (!(yield* takeCode(hash, nowMs))) {
    yield* endCompromised(deps, { grant, event: 'grant.code_reuse', address: request.address })
    return invalidGrant()
  }
  const fault = codeFault(request, { code, grant, nowMs, publicUrl: deps.publicUrl() })
  if (fault === null) return yield* issue({ request, grant, pair }, nowMs)
  yield* revokeGrant(grant.id, { nowMs, because: 'Its authorization code was not redeemed.' })
  return fault
}

interface Redeemed {
  readonly code: KeptCode
  readonly grant: Grant
  readonly nowMs: number
  readonly publicUrl: string
}

function codeFault(
  { form }: TokenRequest,
  { code, grant, nowMs, publicUrl }: Redeemed,
): { readonly refused: OAuthError } | null {
  if (nowMs >= code.expiresAtMs || !code.isSessionThere) return invalidGrant()
  // OAuth 2.1 §10.2 leaves it out; RFC 6749 §4.1.3 wants it to be the same.
  const redirectUri = form.get('redirect_uri')
  if (redirectUri !== null && redirectUri !== code.redirectUri) return invalidGrant()
  if (!provesChallenge(form.get('code_verifier'), code.codeChallenge)) return invalidGrant()
  const audience = { publicUrl, resources: [grant.resource], isRequired: code.namesResource }
  const wrongTarget = resourceFault(form, audience)
  return wrongTarget === null ? null : refused(wrongTarget)
}

function* issue(
  { request, grant, pair }: { request: TokenRequest; grant: Grant; pair: TokenPair },
  nowMs: number,
): Operation<Outcome<TokenAnswer>> {
  const standing = yield* standingOf(grant, nowMs)
  if ('refused' in standing) return standing
  const { policy, scopes } = standing.given
  const on = { grantId: grant.id, grantExpiresAtMs: grant.expiresAtMs, scopes, policy, nowMs }
  const expiresInSeconds = yield* issueAccessToken(pair.access, on)
  yield* issueRefreshToken(pair.refresh, on)
  yield* touchOauthClient(request.client.id, nowMs)
  const { access, refresh } = pair
  return {
    given: { accessToken: access.token, refreshToken: refresh.token, expiresInSeconds, scopes },
  }
}
