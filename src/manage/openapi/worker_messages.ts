import type { ImportFinding } from '../../importer/import_finding.ts'
import type { ImportedDocument, PlannedOperation } from '../../model/openapi_import.ts'
import type {
  ImportSettings,
  OperationFilter,
  OperationOverride,
} from '../../model/openapi_source.ts'

/** A document as it came: its bytes by path, and which of the files is the root. */
export interface RawDocument {
  readonly files: readonly (readonly [path: string, bytes: Uint8Array])[]
  readonly entry: string
  /** Where it was fetched from; null for one that was uploaded. */
  readonly url: string | null
}

/** What a worker is to read: a document as it came, or one that was kept. */
export type TaskDocument = { readonly raw: RawDocument } | { readonly kept: Uint8Array }

/** What a worker is to do with it. */
export interface ImportTask {
  readonly document: TaskDocument
  readonly settings: ImportSettings
  readonly filter: OperationFilter
  readonly overrides: readonly (readonly [key: string, override: OperationOverride])[]
  readonly takenNames: readonly string[]
  /** The one operation that is wanted; null for all. */
  readonly only: string | null
}

/** A tool that the source has now, with the draft it was made from. */
export interface PresentTool {
  readonly key: string
  readonly name: string
  readonly isEnabled: boolean
  readonly draftHash: string
  /** zstd of its JSON. */
  readonly draft: Uint8Array
}

/** An operation with its draft. */
export interface DraftedOperation extends PlannedOperation {
  /** zstd of its JSON; null for an operation that is no more. */
  readonly draft: Uint8Array | null
  /** The same as text, for what only the main side can check; null likewise. */
  readonly text: string | null
}

/** To a worker. One `task`, any number of `tools`, then `go`; then an `ack` for each answer. */
export type ToWorker =
  | { readonly kind: 'task'; readonly task: ImportTask }
  | { readonly kind: 'tools'; readonly tools: readonly PresentTool[] }
  | { readonly kind: 'go' }
  | { readonly kind: 'ack' }

/** A document with its findings, and what is kept of it. */
export interface DocumentMessage {
  readonly kind: 'document'
  readonly document: ImportedDocument
  readonly operations: number
  readonly tags: readonly {
    readonly name: string
    readonly description: string | null
    readonly parent: string | null
  }[]
  readonly findings: readonly ImportFinding[]
  /** Under which it is kept, and zstd of its content. */
  readonly hash: string
  readonly content: Uint8Array
}

/** From a worker. */
export type FromWorker =
  | DocumentMessage
  | { readonly kind: 'operations'; readonly operations: readonly DraftedOperation[] }
  | { readonly kind: 'amended'; readonly operations: readonly PlannedOperation[] }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'failed'
      readonly code: string
      readonly detail: string
      readonly reason: string | null
    }
