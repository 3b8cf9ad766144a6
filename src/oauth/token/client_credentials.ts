import { touchOauthClient } from '../../store/oauth_client_store.ts'
import { askedScopes } from '../authorize/asked_scopes.ts'
import type { OauthDeps } from '../oauth_deps.ts'
import { giveDirect, integrationOf, newDirectAnswer, resourceNamed } from './direct_grant.ts'
import type { TokenAnswer } from './token_answer.ts'
import type { TokenRequest } from './token_request.ts'

/**
 * Gives a client of an integration a token for itself: no person, no refresh token (RFC 6749 §4.4).
 * @throws OAuthError unauthorized_client, invalid_target, invalid_scope or invalid_grant
 */
export async function tokenForItself(deps: OauthDeps, request: TokenRequest): Promise<TokenAnswer> {
  const { client, form } = request
  const wish = {
    ...integrationOf(request),
    clientId: client.clientId,
    resource: resourceNamed(deps, form.get('resource')),
    asked: askedScopes(form),
  }
  const answer = newDirectAnswer(deps)
  return deps.database.write(function* () {
    yield* touchOauthClient(client.id, answer.nowMs)
    return yield* giveDirect(wish, null, answer)
  })
}
