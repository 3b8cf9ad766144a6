import { OAuthError } from '../oauth_error.ts'

/**
 * What came of an operation that writes even where it refuses: thrown inside, the refusal would undo
 * the revocation that goes with it.
 */
export type Outcome<T> = { readonly given: T } | { readonly refused: OAuthError }

/** A refusal. */
export const refused = (error: OAuthError): { readonly refused: OAuthError } => ({ refused: error })

/** The one answer to whatever is wrong with a code or a refresh token (RFC 6749 §5.2; case 100). */
export const invalidGrant = (description = 'The grant is not valid, was used, or has ended') =>
  refused(new OAuthError('invalid_grant', description))

/** What was given. @throws OAuthError - what was refused */
export function unwrap<T>(outcome: Outcome<T>): T {
  if ('refused' in outcome) throw outcome.refused
  return outcome.given
}
