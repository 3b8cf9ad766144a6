import { AppError } from '../../errors.ts'
import type {
  ImportError,
  ImportState,
  OpenapiSource,
  PlannedOperation,
} from '../../model/openapi_import.ts'
import type { Operation } from '../../store/database.ts'
import { insertFindings } from '../../store/openapi_finding_store.ts'
import {
  endImport,
  findDocument,
  findImport,
  type ImportEnd,
  putImportDocument,
} from '../../store/openapi_import_store.ts'
import {
  insertOperations,
  type KeptDraft,
  putDrafts,
  updateSelections,
} from '../../store/openapi_operation_store.ts'
import { findSource, putDocumentMarks, supersedeReady } from '../../store/openapi_source_store.ts'
import { audited } from '../audit.ts'
import { toolFault } from './compose_tool.ts'
import { draftOfText } from './draft_text.ts'
import { fetchSource } from './fetch_source.ts'
import type { ImportJob } from './import_jobs.ts'
import { CountTally, TagTally } from './import_tally.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import { recheckAdministrator } from './recheck_administrator.ts'
import { ImportCancelled, runWorker } from './run_worker.ts'
import { Slices } from './slices.ts'
import { sourceEvent } from './source_reach.ts'
import { tidySource } from './tidy.ts'
import { draftingTerms, presentTools } from './tool_portions.ts'
import type {
  DocumentMessage,
  DraftedOperation,
  FromWorker,
  RawDocument,
} from './worker_messages.ts'

/** Where the document of an import comes from: a fetch, an upload, or what was kept. */
export type DocumentOrigin = 'url' | 'kept' | { readonly uploaded: RawDocument }

/** An import that was begun. */
export interface RunningImport {
  readonly importId: number
  readonly source: OpenapiSource
  readonly origin: DocumentOrigin
  readonly isScheduled: boolean
  readonly job: ImportJob
}

/** Reads a document and plans what it makes of the source. Never throws: the import says what became of it. */
export async function runImport(deps: OpenapiDeps, run: RunningImport): Promise<void> {
  const reading = new ImportReading(deps, run)
  let end: ImportEnd
  let cause: unknown
  try {
    end = await reading.read()
  } catch (error) {
    // That somebody cancelled it is no fault to be logged.
    if (!(error instanceof ImportCancelled)) cause = error
    end = { id: run.importId, ...failureOf(error) }
  }
  try {
    const state = await audited(deps.manage, recheckAdministrator, {
      operation: () => finish(run, end, reading),
      event: (became) =>
        run.isScheduled && became === 'ready'
          ? sourceEvent('propose', run.source, { import_id: run.importId })
          : null,
    })
    end = { ...end, state: state ?? end.state }
  } catch (error) {
    cause = error
  }
  run.job.progress = { ...run.job.progress, phase: 'done' }
  tidySource(deps.manage, run.source.id)
  const fields = { source_id: run.source.id, import_id: run.importId, state: end.state }
  deps.onImportEnded(cause === undefined ? fields : { ...fields, cause })
}

function failureOf(error: unknown): Pick<ImportEnd, 'state' | 'error'> {
  if (error instanceof ImportCancelled) return { state: 'cancelled' }
  const known = error instanceof AppError ? error : new AppError('import_failed')
  return { state: 'failed', error: importErrorOf(known) }
}

/** A failure as an import keeps it. */
export const importErrorOf = ({ code, message, reason }: AppError): ImportError => ({
  code,
  detail: message,
  reason: reason ?? null,
})

/** A plan takes the place of the one that waited; it is void itself where the source has moved on. */
function* finish(
  run: RunningImport,
  end: ImportEnd,
  reading: ImportReading,
): Operation<ImportState | null> {
  const found = yield* findImport(run.source.id, run.importId)
  if (found?.state !== 'reading') return null
  const source = yield* findSource(run.source.id)
  const isStale = source === null || source.planRevision !== run.source.planRevision
  if (end.state === 'ready' && !isStale) yield* supersedeReady(run.source.id)
  const state: ImportState = end.state === 'ready' && isStale ? 'superseded' : end.state
  yield* endImport({ ...end, state })
  const { hash } = reading
  // What another URL said is nothing to ask the present one about.
  const marks = source?.url === run.source.url ? reading.marks : null
  const isRead = hash !== null && !isStale && (state === 'ready' || state === 'unchanged')
  if (isRead) yield* putDocumentMarks(run.source.id, hash, marks)
  return state
}

const AMENDED_AT_ONCE = 100

class ImportReading {
  /** Of the document as it is kept; null before it is read. */
  hash: string | null = null
  /** How to ask for it next time; null where it was not fetched. */
  marks: OpenapiSource['fetched'] = null
  private readonly deps: OpenapiDeps
  private readonly run: RunningImport
  private readonly counts = new CountTally()
  private readonly tags = new TagTally()
  private readonly slices = new Slices()
  /** Positions of what the worker thinks becomes a tool, and does not. */
  private readonly refused = new Set<number>()
  private fetched: Omit<NonNullable<OpenapiSource['fetched']>, 'hash'> | null = null
  private findings = 0

  constructor(deps: OpenapiDeps, run: RunningImport) {
    this.deps = deps
    this.run = run
  }

  /** @throws AppError - why it failed; ImportCancelled */
  async read(): Promise<ImportEnd> {
    const { importId: id, job, source, isScheduled } = this.run
    if (job.signal.aborted) throw new ImportCancelled()
    const document = await this.document()
    if (document === null) return { id, state: 'unchanged' }
    job.progress = { phase: 'reading', done: 0, total: 0 }
    const { manage } = this.deps
    const terms = await manage.database.read(() => draftingTerms(source))
    const { settings, filter } = source
    await runWorker(this.deps, {
      task: { document, settings, filter, only: null, ...terms },
      tools: () => presentTools(manage, source.id),
      take: (message) => this.take(message),
      signal: job.signal,
    })
    const counts = this.counts.total()
    const isSame = counts.added + counts.changed + counts.removed === 0
    const state = isScheduled && isSame && source.appliedImportId !== null ? 'unchanged' : 'ready'
    return { id, state, counts, tags: this.tags.list() }
  }

  private async document() {
    const { origin, source, job } = this.run
    if (typeof origin === 'object') return { raw: origin.uploaded }
    if (origin === 'kept') return { kept: await this.kept() }
    job.progress = { phase: 'fetching', done: 0, total: 0 }
    const { url } = source
    if (url === null) throw new AppError('document_unavailable', { reason: 'There is no URL.' })
    const fetched = await fetchSource(this.deps, { ...source, url }, job.signal).catch((error) => {
      throw job.signal.aborted ? new ImportCancelled() : error
    })
    if (fetched === null) return null
    this.fetched = fetched.marks
    return { raw: fetched.raw }
  }

  private async kept(): Promise<Uint8Array> {
    const { documentHash } = this.run.source
    const { database } = this.deps.manage
    const kept =
      documentHash === null ? null : await database.read(() => findDocument(documentHash))
    if (kept !== null) return kept
    throw new AppError('document_unavailable', { reason: 'No document was kept.' })
  }

  private async take(message: FromWorker): Promise<void> {
    if (message.kind === 'document') await this.takeDocument(message)
    else if (message.kind === 'operations') await this.takeOperations(message.operations)
    else if (message.kind === 'amended') await this.takeAmended(message.operations)
  }

  private async takeDocument(message: DocumentMessage): Promise<void> {
    const { importId, job, source, origin } = this.run
    const { document, hash, content, findings } = message
    job.progress = { phase: 'drafting', done: 0, total: message.operations }
    this.hash = hash
    if (this.fetched !== null) this.marks = { ...this.fetched, hash: document.sha256 }
    else if (origin === 'kept') this.marks = source.fetched
    this.tags.begin(message.tags)
    const { database } = this.deps.manage
    await database.write(() => putImportDocument(importId, document, { hash, content }))
    for (let at = 0; at < findings.length; at += 100) {
      const portion = findings.slice(at, at + 100)
      const stored = portion.map((one) => ({ ...one, position: this.findings++ }))
      await database.write(() => insertFindings(importId, stored), 'written')
      await this.slices.breathe()
    }
  }

  private async takeOperations(drafted: readonly DraftedOperation[]): Promise<void> {
    const { importId, job } = this.run
    const operations: PlannedOperation[] = []
    const drafts: KeptDraft[] = []
    for (const { draft, text, ...planned } of drafted) {
      const operation = text === null ? planned : this.checked(planned, text)
      operations.push(operation)
      if (draft !== null) drafts.push({ hash: operation.draftHash, draft })
      this.counts.add(operation)
      if (!operation.isGone) this.tags.add(operation)
      await this.slices.breathe()
    }
    await this.deps.manage.database.write(function* () {
      yield* putDrafts(drafts)
      yield* insertOperations(importId, operations)
    }, 'written')
    const { done, total, phase } = job.progress
    job.progress = { phase, done: Math.min(done + drafts.length, total), total }
  }

  /** What could not be called is quarantined, by the very check that registering a tool makes. */
  private checked(operation: PlannedOperation, text: string): PlannedOperation {
    if (operation.quarantine !== null || !operation.isSelected) return operation
    const quarantine = toolFault(this.deps.manage, draftOfText(text))
    if (quarantine === null) return operation
    this.refused.add(operation.position)
    const isGone = operation.change === 'changed' || operation.change === 'unchanged'
    const change = isGone ? ('removed' as const) : ('unchanged' as const)
    return { ...operation, quarantine, change, isDangerous: false, changes: [] }
  }

  private async takeAmended(operations: readonly PlannedOperation[]): Promise<void> {
    const { importId } = this.run
    const amended = operations.filter(({ position }) => !this.refused.has(position))
    this.counts.addDanger(amended.length)
    for (let at = 0; at < amended.length; at += AMENDED_AT_ONCE) {
      const portion = amended.slice(at, at + AMENDED_AT_ONCE)
      await this.deps.manage.database.write(() => updateSelections(importId, portion), 'written')
      await this.slices.breathe()
    }
  }
}
