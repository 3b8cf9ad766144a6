/** How a client came to be known (wire.md §8): by an integration, by registration, by its document. */
export const oauthClientKinds = ['integration', 'registered', 'document'] as const
export type OauthClientKind = (typeof oauthClientKinds)[number]

/** How a client proves itself at the token endpoint (RFC 8414 §2). */
export const clientAuthMethods = ['none', 'client_secret_basic', 'client_secret_post'] as const
export type ClientAuthMethod = (typeof clientAuthMethods)[number]

/** An OAuth client. */
export interface OauthClient {
  /** The row's id; 0 for a document that is not stored. */
  readonly id: number
  readonly clientId: string
  readonly kind: OauthClientKind
  /** The integration and project a client of that kind belongs to; null for the others. */
  readonly integrationId: number | null
  readonly projectId: number | null
  /** What it calls itself; shown to people, never trusted. */
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly authMethod: ClientAuthMethod
  /** SHA-256 of its secret, and of the one before while that still counts. */
  readonly secretHash: Uint8Array | null
  readonly previousSecretHash: Uint8Array | null
  readonly previousSecretUntilMs: number | null
  /** The host that vouches for it: that of a document's URL; null where nobody does. */
  readonly verifiedHost: string | null
  readonly createdAtMs: number
  readonly lastUsedAtMs: number | null
}

/** A client as the store holds it. */
export interface StoredOauthClient extends OauthClient {
  /** The last four characters of its secret; null for a public client. */
  readonly secretLast4: string | null
  /** Until when the copy of its document is fresh; null for no document and for a pinned one. */
  readonly documentExpiresAtMs: number | null
  /** Its document was put here by an administrator and is never fetched. */
  readonly isPinned: boolean
  /** False while its integration is deactivated. */
  readonly isActive: boolean
}

// Told by the text itself: what a URL parser makes of other spellings, another one may not.
const loopback = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::\d{1,5})?(?=[/?]|$)/

/** Whether a redirect leads to the machine of the user itself (RFC 8252 §7.3). */
export function isLoopbackRedirect(uri: string): boolean {
  return loopback.test(uri) && URL.canParse(uri)
}

/**
 * Whether a redirect URI is one of those given: exactly, or at a loopback host with another port
 * (wire.md §8). Compared as text, so that no two spellings are alike that a browser tells apart.
 */
export function matchesRedirect(uri: string, allowed: readonly string[]): boolean {
  if (allowed.includes(uri)) return true
  if (!isLoopbackRedirect(uri)) return false
  const portless = withoutPort(uri)
  return allowed.some((one) => isLoopbackRedirect(one) && withoutPort(one) === portless)
}

const withoutPort = (uri: string) => uri.replace(loopback, '$1')
