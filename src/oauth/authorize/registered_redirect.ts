import { AppError } from '../../errors.ts'
import { matchesRedirect, type OauthClient } from '../../model/oauth_client.ts'
import type { FormParameters } from '../form_parameters.ts'

/**
 * The answer goes to a redirect URI the client has registered, as text; at a loopback host the port may
 * differ (RFC 6749 §3.1.2.3, RFC 8252 §7.3, RFC 9700 §4.1; cases 92, 93). Anything else is told on a
 * page and never redirected.
 * @throws AppError redirect_not_allowed
 */
export function registeredRedirect(client: OauthClient, parameters: FormParameters): string {
  const uri = parameters.get('redirect_uri')
  if (uri === null) {
    throw new AppError('redirect_not_allowed', { reason: 'No redirect_uri is given.' })
  }
  if (matchesRedirect(uri, client.redirectUris)) return uri
  throw new AppError('redirect_not_allowed', {
    reason: 'The client did not register this redirect_uri, letter by letter.',
  })
}
