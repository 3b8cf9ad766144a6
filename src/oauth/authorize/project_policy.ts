import { AppError } from '../../errors.ts'
import {
  allowsClient,
  ceilingOf,
  includesScope,
  type Policy,
  type Scope,
} from '../../model/policy.ts'
import { OAuthError } from '../oauth_error.ts'
import { scopesNotAllowed } from './asked_scopes.ts'
import type { Authorization } from './authorization.ts'

/**
 * The project's policy knows the client and where its answer goes; told on a page, for a client that is
 * not allowed is not to be served (wire.md §8).
 * @throws AppError client_not_allowed or redirect_not_allowed
 */
export function allowedByPolicy(
  { client, redirectUri }: Pick<Authorization, 'client' | 'redirectUri'>,
  policy: Policy,
): void {
  if (!allowsClient(policy.allowedClientIds, client.clientId)) {
    throw new AppError('client_not_allowed')
  }
  const { allowedRedirectUris } = policy
  if (allowedRedirectUris.length === 0 || allowedRedirectUris.includes(redirectUri)) return
  throw new AppError('redirect_not_allowed', {
    reason: "The project's policy does not name this redirect_uri.",
  })
}

/** MCP is on for the project. @throws OAuthError access_denied */
export function mcpEnabled({ isMcpEnabled }: Policy): void {
  if (!isMcpEnabled) throw new OAuthError('access_denied', 'MCP is disabled for this project')
}

/**
 * What a person may approve: what was asked, or with nothing asked the whole ceiling, each scope by its
 * name (cases 108, 109). @throws OAuthError invalid_scope - one is unknown or above the ceiling
 */
export function offeredScopes(
  asked: readonly string[],
  policy: Policy,
  scopes: readonly Scope[],
): readonly string[] {
  const ceiling = ceilingOf(policy, scopes)
  const named = new Set(ceiling)
  named.delete('ALL')
  if (asked.length === 0) return named.size > 0 ? [...named] : [...ceiling]
  // Under a ceiling of ALL even a scope that nobody has heard of would seem to be included.
  const isAllowed = (scope: string) =>
    scope === 'ALL' ? ceiling.has('ALL') : includesScope(named, scope)
  if (asked.every(isAllowed)) return asked
  throw scopesNotAllowed()
}
