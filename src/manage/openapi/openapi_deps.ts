import type { ManageDeps } from '../manage_deps.ts'
import type { ImportJobs } from './import_jobs.ts'

/** An answer to a conditional GET of a document, whatever its status. */
export interface SourceAnswer {
  readonly status: number
  readonly contentType: string | null
  readonly body: Uint8Array
  readonly etag: string | null
  readonly lastModified: string | null
  readonly location: string | null
}

/** What a GET is told of the document that is known. */
export interface SourceQuestion {
  readonly url: string
  readonly etag: string | null
  readonly lastModified: string | null
  readonly signal: AbortSignal
}

/** What importing needs of the house beside managing. */
export interface OpenapiDeps {
  readonly manage: ManageDeps
  /** Gets a URL once through the egress guard, following nothing. */
  readonly fetchSource: (question: SourceQuestion) => Promise<SourceAnswer>
  /** Starts what reads one document. */
  readonly startWorker: () => Worker
  /** How long reading and drafting may take. */
  readonly timeoutMs: number
  /** By how much the process may grow meanwhile. */
  readonly maxGrowthBytes: number
  readonly jobs: ImportJobs
  /** Notes how an import that nobody waits for ended. */
  readonly onImportEnded: (fields: {
    readonly source_id: number
    readonly import_id: number
    readonly state: string
    readonly cause?: unknown
  }) => void
}
