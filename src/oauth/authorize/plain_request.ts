import type { FormParameters } from '../form_parameters.ts'
import { OAuthError } from '../oauth_error.ts'

/**
 * Parameters come in the request itself: no request object is read, none is fetched (RFC 9101 §4,
 * OpenID Connect Core §3.1.2.6; case 118).
 * @throws OAuthError request_not_supported or request_uri_not_supported
 */
export function plainRequest(parameters: FormParameters): void {
  if (parameters.get('request') !== null) {
    throw new OAuthError('request_not_supported', 'The request parameter is not supported')
  }
  if (parameters.get('request_uri') !== null) {
    throw new OAuthError('request_uri_not_supported', 'The request_uri parameter is not supported')
  }
}
