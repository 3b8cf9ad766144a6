import type { FormParameters } from '../form_parameters.ts'
import { OAuthError } from '../oauth_error.ts'

/**
 * Every client proves at the token endpoint that it was the one that asked: PKCE with S256, no other
 * method (RFC 7636 §4.3, OAuth 2.1 §4.1.1; case 95).
 * @throws OAuthError invalid_request
 */
export function codeChallenge(parameters: FormParameters): string {
  const challenge = parameters.get('code_challenge')
  if (challenge === null) throw new OAuthError('invalid_request', 'code_challenge is missing')
  // RFC 7636 takes a missing method for `plain`.
  if (parameters.get('code_challenge_method') !== 'S256') {
    throw new OAuthError('invalid_request', 'code_challenge_method must be S256')
  }
  if (/^[A-Za-z0-9_-]{43}$/.test(challenge)) return challenge
  throw new OAuthError('invalid_request', 'code_challenge is not a SHA-256 in base64url')
}
