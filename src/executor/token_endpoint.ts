import { sha256Hex } from '../crypto/digest.ts'
import { AppError } from '../errors.ts'
import { type BaseUrl, parseBaseUrl } from '../model/base_url.ts'
import type { EgressEntry } from '../model/egress_entry.ts'
import type { UpstreamOAuth } from '../model/tool.ts'
import { maxTargetBytes } from './percent_encode.ts'

/** A token endpoint whose address was checked (RFC 6749 §3.2). */
export interface TokenEndpoint {
  readonly baseUrl: BaseUrl
  /** Raw path and query. */
  readonly target: string
  readonly scopes: readonly string[]
  readonly audience: string | null
}

/** What a client proves itself with at a token endpoint. */
export interface ClientCredentials {
  readonly endpoint: TokenEndpoint
  readonly clientId: string
  readonly clientSecret: string
  /** As stored: `id:secret`. */
  readonly secrets: readonly string[]
  /** Equal for those that get the same token. */
  readonly key: string
}

// RFC 6749 §3.3: visible ASCII without quote and backslash, separated by single spaces.
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Checks where tokens come from. The guard checks the address again, on every fetch.
 * @throws AppError validation_failed at `/auth_oauth/…`
 */
export function parseTokenEndpoint(
  { tokenUrl, scopes, audience }: UpstreamOAuth,
  entries: readonly EgressEntry[],
): TokenEndpoint {
  const url = URL.parse(tokenUrl)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw fault('/auth_oauth/token_url', 'must be an absolute URL without user and fragment')
  }
  if (!scopes.every((scope) => SCOPE.test(scope))) {
    throw fault('/auth_oauth/scopes', 'holds what is no scope: visible ASCII without spaces')
  }
  const target = url.pathname + url.search
  if (target.length > maxTargetBytes) throw fault('/auth_oauth/token_url', 'is too long')
  return { baseUrl: originOf(url, entries), target, scopes, audience }
}

function originOf({ origin }: URL, entries: readonly EgressEntry[]): BaseUrl {
  try {
    return parseBaseUrl(origin, entries)
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    const message = `cannot be used: ${(cause.reason ?? cause.message).slice(0, 500)}`
    throw fault('/auth_oauth/token_url', message, cause)
  }
}

/**
 * Splits `client_id:client_secret` at its first colon.
 * @throws AppError validation_failed - there is none
 */
export function clientCredentials(endpoint: TokenEndpoint, secret: string): ClientCredentials {
  const colon = secret.indexOf(':')
  if (colon < 1) {
    throw fault('/encrypted_auth_secret', 'must be client_id:client_secret for this strategy')
  }
  const { baseUrl, target, scopes, audience } = endpoint
  const parts = [baseUrl.origin, target, audience, secret, ...scopes]
  return {
    endpoint,
    clientId: secret.slice(0, colon),
    clientSecret: secret.slice(colon + 1),
    secrets: [secret],
    key: sha256Hex(JSON.stringify(parts)),
  }
}

function fault(pointer: string, message: string, cause?: unknown): AppError {
  return new AppError('validation_failed', { errors: [{ pointer, message }], cause })
}
