import type { JsonObject } from '../lib/json.ts'

/** HTTP methods a tool may use (wire.md §5). */
export const httpMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type HttpMethod = (typeof httpMethods)[number]

/** How Gatehouse proves itself to the upstream (wire.md §5, §6). */
export const authStrategies = [
  'none',
  'static_bearer',
  'static_header',
  'static_query',
  'static_cookie',
  'basic',
  'oauth_client_credentials',
  'hmac_signature',
] as const
export type AuthStrategy = (typeof authStrategies)[number]

/** Template variables filled from the authenticated caller only, never from arguments (wire.md §5). */
export const reservedVariables = ['member_id', 'project_id', 'integration_id'] as const
export type ReservedVariable = (typeof reservedVariables)[number]

/** Hints of the MCP `annotations` object a tool may override. */
export interface ToolAnnotations {
  readonly title?: string
  readonly readOnlyHint?: boolean
  readonly destructiveHint?: boolean
  readonly idempotentHint?: boolean
  readonly openWorldHint?: boolean
}

/** Where `oauth_client_credentials` gets its tokens (RFC 6749 §4.4); id and secret are the secret. */
export interface UpstreamOAuth {
  readonly tokenUrl: string
  readonly scopes: readonly string[]
  /** RFC 8707; null for none. */
  readonly audience: string | null
}

/** What of an answer the model gets (wire.md §5, `response`). */
export interface ResponseShape {
  /** JMESPath over a JSON answer; null for the whole. */
  readonly projection: string | null
  /** Dotted paths to keep of a JSON answer; null for all. Not together with `projection`. */
  readonly fields: readonly string[] | null
  /** Above this the model gets what fits and a handle to the rest; null for no cap. */
  readonly maxResultBytes: number | null
}

/** How repeated calls are told from new ones (wire.md §7). */
export interface Deduplication {
  /**
   * `identical`: equal arguments of one caller; a key that the caller gives decides instead. `key`: such
   * a key alone. `off`: every call is new.
   */
  readonly mode: 'identical' | 'key' | 'off'
  /** How long a success answers identical calls; null: 300 for writes, 0 for reads. */
  readonly windowSeconds: number | null
}

/** When a request may be sent again by itself (reliability.md §4). */
export interface RetryPolicy {
  /** 1 for never. */
  readonly maxAttempts: number
  /** Whether asking twice does no more than asking once: true of reads, and of writes that say so. */
  readonly isIdempotent: boolean
  /** Whether the upstream recognises our `Idempotency-Key` and does nothing twice under it. */
  readonly honoursKey: boolean
}

/** How to find out whether a write whose outcome is unknown took effect: a GET, and what to see in it. */
export interface VerifyRule {
  /** Path template over the same arguments, as `endpointPath`. */
  readonly path: string
  readonly query: JsonObject | null
  /** JMESPath over the JSON answer: whatever it finds, the write was done. */
  readonly done: string
}

/** What holds for a tool that says nothing of it. */
export const defaultDeduplication: Deduplication = { mode: 'identical', windowSeconds: null }
export const defaultRetry: RetryPolicy = { maxAttempts: 3, isIdempotent: false, honoursKey: false }

/** Everything one version of a tool says: what the model sees and what the upstream receives. */
export interface ToolDefinition {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject | null
  /** HTTPS origin, or plain HTTP where the egress allow-list names it. */
  readonly baseUrl: string
  readonly httpMethod: HttpMethod
  /** Starts with `/`; may hold `{variable}`. */
  readonly endpointPath: string
  readonly headersTemplate: Readonly<Record<string, string>> | null
  readonly queryTemplate: JsonObject | null
  readonly bodyTemplate: JsonObject | null
  readonly requireMember: boolean
  readonly injectMemberIdentity: {
    readonly id: boolean
    readonly email: boolean
    readonly roles: boolean
  }
  readonly authStrategy: AuthStrategy
  /** The header, query parameter or cookie that a `static_…` strategy fills; null for every other. */
  readonly authHeaderName: string | null
  /** Set for `oauth_client_credentials` only. */
  readonly authOAuth: UpstreamOAuth | null
  /**
   * SHA-256 (hex) of the request map of an imported operation; null where templates say it all. With a
   * map there are no templates, and `endpointPath` is the document's.
   */
  readonly requestMap: string | null
  /** How answers are shaped; null for as they come. */
  readonly response: ResponseShape | null
  readonly deduplication: Deduplication
  readonly retry: RetryPolicy
  /** Null where nobody can tell. */
  readonly verify: VerifyRule | null
  /** Whether a non-GET request carries `Idempotency-Key` (wire.md §6). */
  readonly sendIdempotencyKey: boolean
  readonly requiredScopes: readonly string[]
  readonly timeoutMs: number
  /** Cap on the decompressed response body. */
  readonly maxResponseBytes: number
  readonly annotations: ToolAnnotations | null
}

/** A tool as the store holds it: its current definition and where it stands. */
export interface Tool {
  readonly id: number
  readonly projectId: number
  readonly version: number
  /** SHA-256 of the definition, hex: the same content has the same hash in every version. */
  readonly contentHash: string
  readonly isEnabled: boolean
  /** Whether it is listed even where search stands for the list. */
  readonly isPinned: boolean
  /** Estimated tokens that listing it costs a model. */
  readonly listTokens: number
  /** Words to find it by, as the tags of its operation; no part of a version. */
  readonly tags: readonly string[]
  readonly definition: ToolDefinition
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

/** Whether a method only reads (RFC 9110 §9.2.1). */
export function isReadMethod(method: HttpMethod): boolean {
  return method === 'GET'
}

/** MCP annotations: derived from the method, overridden where the tool says so (wire.md §7). */
export function annotationsOf(definition: ToolDefinition): ToolAnnotations {
  const method = definition.httpMethod
  return {
    readOnlyHint: method === 'GET',
    destructiveHint: method === 'PUT' || method === 'PATCH' || method === 'DELETE',
    idempotentHint: method === 'GET' || method === 'PUT' || method === 'DELETE',
    openWorldHint: true,
    ...definition.annotations,
  }
}
