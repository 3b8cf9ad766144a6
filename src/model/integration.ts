import type { ApiKeyPermission } from './principal.ts'

/** One way in for a model runtime; it owns its credential (wire.md §1). */
export interface Integration {
  readonly id: number
  readonly projectId: number
  readonly name: string
  readonly kind: 'api_key'
  readonly isActive: boolean
  readonly apiKey: ApiKeySummary
  readonly createdAtMs: number
}

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
