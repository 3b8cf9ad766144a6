import { AppError } from '../../errors.ts'
import type { OperationDraft } from '../../importer/operation_draft.ts'
import type { Administrator } from '../../model/admin_token.ts'
import type { ImportedTag, OpenapiImport, PlannedOperation } from '../../model/openapi_import.ts'
import type { ToolDefinition } from '../../model/tool.ts'
import type { Operation } from '../../store/database.ts'
import {
  listFindings as listAllFindings,
  type StoredFinding,
} from '../../store/openapi_finding_store.ts'
import {
  dropReadyImport,
  endImport,
  insertImport,
  listImports as listAllImports,
} from '../../store/openapi_import_store.ts'
import {
  findDraft,
  findOperation,
  listOperations as listAllOperations,
  type OperationQuery,
} from '../../store/openapi_operation_store.ts'
import { findOverride } from '../../store/openapi_override_store.ts'
import { forgetFetch } from '../../store/openapi_source_store.ts'
import { findSourceTool } from '../../store/openapi_tool_store.ts'
import { unpacked } from '../../store/packed_json.ts'
import { findTool } from '../../store/tool_store.ts'
import { audited } from '../audit.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from '../paging.ts'
import { notFound } from '../reach.ts'
import { composeTool } from './compose_tool.ts'
import { draftOfText } from './draft_text.ts'
import type { ImportProgress } from './import_jobs.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import { type DocumentOrigin, runImport } from './run_import.ts'
import {
  type ImportTarget,
  importInReach,
  refuseField,
  sourceEvent,
  sourceInReach,
} from './source_reach.ts'

/** An import as it is shown. */
export interface ImportView extends OpenapiImport {
  readonly progress: ImportProgress
}

/** Begins an import of a source; what comes of it is told by the import. */
export async function startImport(
  deps: OpenapiDeps,
  admin: Administrator,
  { sourceId, origin }: { readonly sourceId: number; readonly origin: DocumentOrigin },
): Promise<ImportView> {
  const { manage, jobs } = deps
  const source = await sourceInReach(manage, admin, sourceId)
  checkOrigin(source, origin)
  const job = jobs.reserve(sourceId)
  try {
    const { planRevision, filter } = source
    const nowMs = manage.clock.nowMs()
    const importId = await audited(manage, admin, {
      operation: () => insertImport({ sourceId, isScheduled: false, planRevision, filter }, nowMs),
      event: (id) => sourceEvent('import', source, { import_id: id, from: originWord(origin) }),
    })
    const run = { importId, source, origin, isScheduled: false, job }
    jobs.begin(importId, job, () => jobTurn(deps, run))
    return await showImport(deps, admin, { sourceId, importId })
  } catch (error) {
    jobs.release(job)
    throw error
  }
}

const jobTurn = (deps: OpenapiDeps, run: Parameters<typeof runImport>[1]) => runImport(deps, run)

function checkOrigin(
  source: { readonly url: string | null; readonly documentHash: string | null },
  origin: DocumentOrigin,
): void {
  if (origin === 'url' && source.url === null) {
    throw refuseField('', 'holds no document, and the source has no url to fetch it from')
  }
  if (origin === 'kept' && source.documentHash === null) {
    throw refuseField('/reuse_document', 'goes with a source that was imported before')
  }
}

const originWord = (origin: DocumentOrigin) => (typeof origin === 'object' ? 'upload' : origin)

/** Finds an import, with how far it is. @throws AppError not_found */
export async function showImport(
  deps: OpenapiDeps,
  admin: Administrator,
  target: ImportTarget,
): Promise<ImportView> {
  return viewImport(deps, (await importInReach(deps.manage, admin, target)).found)
}

function viewImport({ jobs }: OpenapiDeps, found: OpenapiImport): ImportView {
  const count = found.counts?.operations ?? 0
  const over: ImportProgress = { phase: 'done', done: count, total: count }
  const progress = found.state === 'reading' ? jobs.find(found.id)?.progress : over
  return { ...found, progress: progress ?? over }
}

/** Lists a source's imports, newest first. */
export async function listImports(
  deps: OpenapiDeps,
  admin: Administrator,
  request: PageRequest & { readonly sourceId: number },
): Promise<CursorPage<ImportView>> {
  const { id } = await sourceInReach(deps.manage, admin, request.sourceId)
  const list = (position: string | null) => listAllImports(id, request.limit, position)
  const page = await readPage(deps.manage, `openapi_imports|${id}`, { ...request, list })
  return { ...page, items: page.items.map((one) => viewImport(deps, one)) }
}

/** Lists the operations of a plan, in the document's order. */
export async function listOperations(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & ImportTarget & { readonly query: OperationQuery },
): Promise<CursorPage<PlannedOperation>> {
  const { found } = await importInReach(deps, admin, request)
  const { limit, query } = request
  const list = (position: string | null) => listAllOperations(found.id, query, { limit, position })
  const scope = `openapi_operations|${found.id}|${JSON.stringify(query)}`
  return readPage(deps, scope, { ...request, list })
}

/** Lists what an import says about its document. */
export async function listFindings(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & ImportTarget,
): Promise<CursorPage<StoredFinding>> {
  const { found } = await importInReach(deps, admin, request)
  const list = (position: string | null) => listAllFindings(found.id, request.limit, position)
  return readPage(deps, `openapi_findings|${found.id}`, { ...request, list })
}

/** Lists the tags of a document. */
export async function listTags(
  deps: ManageDeps,
  admin: Administrator,
  target: ImportTarget,
): Promise<readonly ImportedTag[]> {
  return (await importInReach(deps, admin, target)).found.tags
}

/** What an operation would be as a tool. */
export interface WouldBeTool {
  readonly operation: PlannedOperation
  readonly definition: ToolDefinition
  readonly auth: OperationDraft['auth']
}

/** Shows the whole tool that an operation would become. @throws AppError not_found */
export async function showDefinition(
  deps: ManageDeps,
  admin: Administrator,
  target: ImportTarget & { readonly key: string },
): Promise<WouldBeTool> {
  const { source, found } = await importInReach(deps, admin, target)
  const parts = await deps.database.read(() => partsOf(source.id, found.id, target.key))
  if (parts === null) throw notFound('operation in this import')
  const { operation, draft, ...rest } = parts
  const definition = composeTool({ draft, ...rest, auth: source.auth })
  return { operation, definition, auth: draft.auth }
}

function* partsOf(
  sourceId: number,
  importId: number,
  key: string,
): Operation<{
  operation: PlannedOperation
  draft: OperationDraft
  override: NonNullable<Parameters<typeof composeTool>[0]['override']> | null
  current: ToolDefinition | null
} | null> {
  const operation = yield* findOperation(importId, key)
  const packed = operation === null ? null : yield* findDraft(operation.draftHash)
  if (operation === null || packed === null) return null
  const override = yield* findOverride(sourceId, key)
  const link = yield* findSourceTool(sourceId, key)
  const tool = link === null ? null : yield* findTool(link.toolId)
  return {
    operation,
    draft: draftOfText(unpacked(packed)),
    override: override?.override ?? null,
    current: tool?.definition ?? null,
  }
}

/** Stops an import that runs, or drops a plan that waits. @throws AppError import_not_ready */
export async function cancelImport(
  deps: OpenapiDeps,
  admin: Administrator,
  target: ImportTarget,
): Promise<ImportView> {
  const { source, found } = await importInReach(deps.manage, admin, target)
  const job = deps.jobs.find(found.id)
  const isCancelled = await audited(deps.manage, admin, {
    operation: function* () {
      const isDropped = yield* dropReadyImport(found.id)
      // What was fetched for it comes again then, changed or not.
      if (isDropped) yield* forgetFetch(source.id)
      return isDropped || (yield* endImport({ id: found.id, state: 'cancelled' }))
    },
    event: (isDone) => (isDone ? sourceEvent('cancel', source, { import_id: found.id }) : null),
  })
  if (!isCancelled) {
    const reason = `It is ${found.state} already.`
    throw new AppError('import_not_ready', { reason })
  }
  job?.cancel()
  return showImport(deps, admin, target)
}
