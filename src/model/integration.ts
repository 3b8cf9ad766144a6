import type { ApiKeyPermission } from './principal.ts'

/**
 * How a model runtime gets in: with an API key; as an OAuth client of its own; or as whatever client a
 * person has signed in with, one such integration per project.
 */
export const integrationKinds = ['api_key', 'oauth_client', 'sign_in'] as const
export type IntegrationKind = (typeof integrationKinds)[number]

/** One way in for a model runtime; it owns its credential (wire.md §1). */
export interface Integration {
  readonly id: number
  readonly projectId: number
  readonly name: string
  readonly kind: IntegrationKind
  readonly isActive: boolean
  /** Of kind `api_key` alone. */
  readonly apiKey: ApiKeySummary | null
  /** Of kind `oauth_client` alone. */
  readonly oauthClient: OauthClientSummary | null
  readonly createdAtMs: number
}

/** What may be shown of an integration's OAuth client. */
export interface OauthClientSummary {
  readonly id: number
  readonly clientId: string
  /** The last four characters of its secret. */
  readonly last4: string
  readonly redirectUris: readonly string[]
  /** Until when the secret before this one counts too. */
  readonly previousSecretUntilMs: number | null
}

/** Where Claude wants to be answered, at either of its addresses. */
export const claudeRedirectUris: readonly string[] = [
  'https://claude.ai/api/mcp/auth_callback',
  'https://claude.com/api/mcp/auth_callback',
]

/** What may be shown of an API key after its creation. */
export interface ApiKeySummary {
  readonly id: number
  /** The last four characters. */
  readonly last4: string
  readonly permissions: readonly ApiKeyPermission[]
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  /** Tool calls per minute, those of its session tokens included; null for no limit. */
  readonly callsPerMinute: number | null
}
