import { AppError } from '../errors.ts'
import { findPolicy } from '../store/policy_store.ts'
import { askedScopes } from './authorize/asked_scopes.ts'
import {
  type AnswerTo,
  type Authorization,
  RefusedAuthorization,
} from './authorize/authorization.ts'
import { codeChallenge } from './authorize/code_challenge.ts'
import { codeOnly } from './authorize/code_only.ts'
import { knownClient } from './authorize/known_client.ts'
import { namedResource } from './authorize/named_resource.ts'
import { plainRequest } from './authorize/plain_request.ts'
import { allowedByPolicy } from './authorize/project_policy.ts'
import { registeredRedirect } from './authorize/registered_redirect.ts'
import { type FormParameters, readForm } from './form_parameters.ts'
import type { OauthDeps } from './oauth_deps.ts'
import { OAuthError } from './oauth_error.ts'

/**
 * Reads a request for authorization (RFC 6749 §4.1.1, RFC 7636, RFC 8707): all that can be said before
 * it is known who decides. Until client and redirect URI are found good, a fault is told on a page;
 * after that, to the client.
 * @param address whose request it is; null on the machine itself
 * @throws AppError authorize_invalid, redirect_not_allowed, client_not_allowed, rate_limited - a page
 * @throws RefusedAuthorization - everything else that is wrong
 */
export async function readAuthorization(
  deps: OauthDeps,
  parameters: FormParameters,
  address: string | null = null,
): Promise<Authorization> {
  const client = await knownClient(deps, parameters, address)
  const redirectUri = registeredRedirect(client, parameters)
  const { projectId } = client
  if (projectId !== null) {
    const policy = await deps.database.read(() => findPolicy(projectId))
    allowedByPolicy({ client, redirectUri }, policy)
  }
  const issuer = deps.publicUrl()
  const to: AnswerTo = { issuer, redirectUri, state: parameters.get('state') }
  return toldTo(to, () => {
    plainRequest(parameters)
    codeOnly(parameters)
    return {
      ...to,
      client,
      codeChallenge: codeChallenge(parameters),
      ...namedResource(issuer, parameters),
      scopes: askedScopes(parameters),
    }
  })
}

/** What a step refuses in the words of OAuth goes back to the client by redirect. */
function toldTo<T>(to: AnswerTo, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (error instanceof OAuthError) throw new RefusedAuthorization(error, to)
    throw error
  }
}

/**
 * Reads the parameters of such a request. One that is repeated or cannot be read is told on a page:
 * nothing in the request can be relied on (case 119). @throws AppError authorize_invalid
 */
export function readAuthorizationForm(text: string): FormParameters {
  try {
    return readForm(text)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    throw new AppError('authorize_invalid', { reason: `${error.description}.`, cause: error })
  }
}
