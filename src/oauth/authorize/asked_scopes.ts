import { scopePattern } from '../../model/policy.ts'
import type { FormParameters } from '../form_parameters.ts'
import { OAuthError } from '../oauth_error.ts'

/** What clients ask for out of habit: refresh tokens come anyway, and nobody is identified here. */
const overlooked: ReadonlySet<string> = new Set([
  'offline_access',
  'openid',
  'profile',
  'email',
  'address',
  'phone',
])

/**
 * The scopes a client asks for, each once; empty where it asks for none (RFC 6749 §3.3; cases 108, 109).
 * @throws OAuthError invalid_scope - one of them can be no scope
 */
export function askedScopes(parameters: Pick<FormParameters, 'get'>): readonly string[] {
  const words = (parameters.get('scope') ?? '').split(' ').filter((word) => word !== '')
  const asked = [...new Set(words)].filter((word) => !overlooked.has(word))
  if (asked.every((word) => scopePattern.test(word))) return asked
  throw scopesNotAllowed()
}

/** The literal answer to scopes that are unknown or not to be granted (wire.md §8). */
export const scopesNotAllowed = () =>
  new OAuthError('invalid_scope', 'Requested scopes are not allowed')
