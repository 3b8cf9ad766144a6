import type { JsonValue } from '../lib/json.ts'
import type { HttpMethod, ReservedVariable, ResponseShape } from './tool.ts'

/** What the operator says about reading a document; the document itself stays as it is. */
export interface ImportSettings {
  /** Origin, with a base path if need be, instead of every server of the document; null for those. */
  readonly baseUrl: string | null
  /** Values of server variables instead of their defaults. */
  readonly serverVariables: Readonly<Record<string, string>>
  /** Put before every tool name, as `box_`; empty for none. */
  readonly namePrefix: string
  /** Cap of a tool name, prefix included: 64, or less for clients that add a prefix themselves. */
  readonly maxNameLength: number
  /**
   * Regular expression whose first group is the list of scopes in a description; null for
   * `**Required scope:**` (wire.md §9).
   */
  readonly scopePattern: string | null
  /** Whether scopes of security requirements are required where the description names none. */
  readonly scopesFromSecurity: boolean
  /** Add to the above; the scopes of every rule that fits are required. */
  readonly scopeRules: readonly ScopeRule[]
  /** OpenAPI Overlay 1.0 documents, JSON or YAML, applied in order before anything is read. */
  readonly overlays: readonly string[]
}

/** Scopes by tag and method; an absent condition always holds. */
export interface ScopeRule {
  readonly tag: string | null
  readonly methods: readonly HttpMethod[] | null
  readonly scopes: readonly string[]
}

/** Which operations become tools; an empty list does not restrict. */
export interface OperationFilter {
  readonly tags: readonly string[]
  readonly methods: readonly HttpMethod[]
  /** Paths, with `*` for anything within a segment and `**` for anything. */
  readonly paths: readonly string[]
  readonly operationIds: readonly string[]
}

/** What the operator changed of one operation; survives every re-import. Absent is not changed. */
export interface OperationOverride {
  readonly name?: string
  readonly description?: string
  readonly isEnabled?: boolean
  readonly requiredScopes?: readonly string[]
  /** Chooses among the media types of the body. */
  readonly contentType?: string
  /** Optional arguments that models do not see: `query.expand`, `body.metadata.internal`. */
  readonly hidden?: readonly string[]
  /** Parameters that models do not fill: by place and wire name, as `query.tenant`, `path.member_id`. */
  readonly bound?: Readonly<
    Record<string, { readonly caller: ReservedVariable } | { readonly value: JsonValue }>
  >
  readonly response?: ResponseShape
}

/** Settings of a source nobody changed. */
export const defaultImportSettings: ImportSettings = {
  baseUrl: null,
  serverVariables: {},
  namePrefix: '',
  maxNameLength: 64,
  scopePattern: null,
  scopesFromSecurity: false,
  scopeRules: [],
  overlays: [],
}
