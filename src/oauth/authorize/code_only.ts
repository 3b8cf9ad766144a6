import type { FormParameters } from '../form_parameters.ts'
import { OAuthError } from '../oauth_error.ts'

/**
 * There is one kind of answer: a code, in the query (OAuth 2.1 §4.1; case 117).
 * @throws OAuthError unsupported_response_type or invalid_request
 */
export function codeOnly(parameters: FormParameters): void {
  const type = parameters.get('response_type')
  if (type === null) throw new OAuthError('invalid_request', 'response_type is missing')
  if (type !== 'code') {
    throw new OAuthError('unsupported_response_type', 'response_type must be code')
  }
  if ((parameters.get('response_mode') ?? 'query') !== 'query') {
    throw new OAuthError('invalid_request', 'response_mode must be query')
  }
}
