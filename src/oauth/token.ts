import { authenticateClient } from './authenticate_client.ts'
import type { FormParameters } from './form_parameters.ts'
import { grantTypes } from './grant_types.ts'
import type { OauthDeps } from './oauth_deps.ts'
import { OAuthError } from './oauth_error.ts'
import { pruneNowAndThen } from './prune.ts'
import type { TokenAnswer } from './token/token_answer.ts'

/** A request of a client as it comes in. */
export interface ClientRequest {
  /** The Authorization header. */
  readonly authorization: string | null
  readonly form: FormParameters
  /** Where it comes from; null on the machine itself. */
  readonly address: string | null
}

/**
 * The token endpoint (RFC 6749 §3.2): first who asks, then what for.
 * @throws OAuthError - as RFC 6749 §5.2 says
 */
export async function answerToken(deps: OauthDeps, request: ClientRequest): Promise<TokenAnswer> {
  const { form, address } = request
  const name = form.get('grant_type')
  if (name === null) throw new OAuthError('invalid_request', 'grant_type is missing')
  const grantType = grantTypes.get(name)
  if (grantType === undefined) {
    throw new OAuthError('unsupported_grant_type', 'The grant_type is not supported')
  }
  const client = await authenticateClient(deps, request)
  const answer = await grantType(deps, { client, form, address })
  await pruneNowAndThen(deps)
  return answer
}

/** The JSON of an answer (RFC 6749 §5.1). */
export function tokenJson(answer: TokenAnswer): Readonly<Record<string, string | number>> {
  return {
    access_token: answer.accessToken,
    token_type: 'Bearer',
    expires_in: answer.expiresInSeconds,
    ...(answer.refreshToken === null ? {} : { refresh_token: answer.refreshToken }),
    ...(answer.scopes.length === 0 ? {} : { scope: answer.scopes.join(' ') }),
  }
}
