import type { JsonObject } from '../lib/json.ts'
import type { ImportSettings, OperationFilter } from './openapi_source.ts'
import type { AuthStrategy, HttpMethod, UpstreamOAuth } from './tool.ts'

/** How the tools of a source prove themselves upstream; the secret is kept apart. */
export interface SourceAuth {
  readonly strategy: AuthStrategy
  /** Null for what the document says of the operation. */
  readonly headerName: string | null
  /** Null for what the document says of the operation. */
  readonly oauth: UpstreamOAuth | null
}

/** What the last fetch of a source's URL said, for the next one to ask whether it changed. */
export interface FetchMarks {
  readonly etag: string | null
  readonly lastModified: string | null
  /** SHA-256 (hex) of the document that was fetched. */
  readonly hash: string
}

/** An OpenAPI document with what the operator says of it, and the tools that come of it. */
export interface OpenapiSource {
  readonly id: number
  readonly projectId: number
  readonly name: string
  readonly url: string | null
  readonly settings: ImportSettings
  readonly filter: OperationFilter
  readonly recheckHours: number | null
  readonly nextCheckAtMs: number | null
  readonly fetched: FetchMarks | null
  /** Of the document that was read last; null before the first. */
  readonly documentHash: string | null
  readonly auth: SourceAuth | null
  readonly hasSecret: boolean
  /** Moves with every change of the source or its tools. */
  readonly revision: number
  /** Moves with every change that drafts depend on: a plan made before is stale. */
  readonly planRevision: number
  readonly appliedImportId: number | null
  /** How many tools it has now. */
  readonly toolCount: number
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

/** Where an import stands. */
export const importStates = [
  'reading',
  'ready',
  'failed',
  'cancelled',
  'unchanged',
  'applied',
  'superseded',
] as const
export type ImportState = (typeof importStates)[number]

/** What a document says of itself. */
export interface ImportedDocument {
  readonly title: string
  readonly version: string
  readonly specVersion: string
  readonly bytes: number
  readonly sha256: string
}

/** What an import comes to. */
export interface ImportCounts {
  /** Operations of the document that could be read. */
  readonly operations: number
  /** Tools there are once it is applied. */
  readonly tools: number
  readonly quarantined: number
  /** Operations that the filter leaves out. */
  readonly leftOut: number
  readonly added: number
  readonly changed: number
  readonly removed: number
  readonly dangerous: number
  readonly unchanged: number
  /** Estimated tokens of the tools that will be enabled, and of all. */
  readonly tokensEnabled: number
  readonly tokensAll: number
}

/** Why an import failed: a code of the error catalogue and what it says. */
export interface ImportError {
  readonly code: string
  readonly detail: string
  readonly reason: string | null
}

/** A tag with what it holds. */
export interface ImportedTag {
  readonly name: string
  readonly description: string | null
  readonly parent: string | null
  readonly operations: number
  readonly reads: number
  readonly writes: number
}

/** One reading of a document, and the plan that came of it. */
export interface OpenapiImport {
  readonly id: number
  readonly sourceId: number
  readonly state: ImportState
  readonly isScheduled: boolean
  readonly planRevision: number
  readonly filter: OperationFilter
  readonly document: ImportedDocument | null
  readonly tags: readonly ImportedTag[]
  readonly counts: ImportCounts | null
  readonly error: ImportError | null
  readonly createdAtMs: number
  readonly appliedAtMs: number | null
}

/** What applying an import does to an operation's tool. */
export const operationChanges = ['added', 'changed', 'removed', 'unchanged'] as const
export type OperationChange = (typeof operationChanges)[number]

/** An operation in a plan. One that the filter leaves out and has no tool is `unchanged`. */
export interface PlannedOperation {
  readonly position: number
  readonly key: string
  readonly method: HttpMethod
  readonly path: string
  readonly operationId: string | null
  readonly tags: readonly string[]
  readonly name: string
  readonly description: string
  readonly isDeprecated: boolean
  /** Whether the document no longer has it: only its tool is left. */
  readonly isGone: boolean
  /** Whether the filter lets it in. */
  readonly isSelected: boolean
  /** Whether its tool will be enabled. */
  readonly isEnabled: boolean
  readonly change: OperationChange
  readonly isDangerous: boolean
  /** `{field, before, after, is_dangerous}` of each field that changes. */
  readonly changes: readonly JsonObject[]
  readonly tokens: number
  /** Why it must not become a tool; null where it may. */
  readonly quarantine: string | null
  readonly findings: readonly JsonObject[]
  /** Under which its draft is kept. */
  readonly draftHash: string
}
