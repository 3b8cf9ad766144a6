import { AppError } from '../../errors.ts'
import type { OpenapiSource } from '../../model/openapi_import.ts'
import type { Operation } from '../../store/database.ts'
import { discardStaged } from '../../store/openapi_apply_store.ts'
import { failAbandonedImports, insertImport } from '../../store/openapi_import_store.ts'
import { findSource, listDueSources, scheduleCheck } from '../../store/openapi_source_store.ts'
import type { ManageDeps } from '../manage_deps.ts'
import type { ImportJob } from './import_jobs.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import { importErrorOf, runImport } from './run_import.ts'

const AT_ONCE = 20

/**
 * Begins the checks that are due by now; yields how many. A check fetches the document if it changed
 * and plans what it would change; it never applies anything.
 */
export async function recheckDue(deps: OpenapiDeps): Promise<number> {
  const { manage } = deps
  const nowMs = manage.clock.nowMs()
  const due = await manage.database.read(() => listDueSources(nowMs, AT_ONCE))
  for (const source of due) await recheck(deps, source, nowMs)
  return due.length
}

async function recheck(deps: OpenapiDeps, source: OpenapiSource, nowMs: number): Promise<void> {
  const { manage, jobs } = deps
  const nextMs = nowMs + (source.recheckHours ?? 24) * 3_600_000
  let job: ImportJob
  try {
    job = jobs.reserve(source.id)
  } catch {
    // It is being imported, or the line is full: the next round finds it due again.
    return
  }
  try {
    const importId = await manage.database.write(() => begin(source, nowMs, nextMs))
    const run = { importId, source, origin: 'url', isScheduled: true, job } as const
    if (importId === null) jobs.release(job)
    else jobs.begin(importId, job, () => runImport(deps, { ...run, importId }))
  } catch (error) {
    jobs.release(job)
    throw error
  }
}

function* begin(source: OpenapiSource, nowMs: number, nextMs: number): Operation<number | null> {
  const present = yield* findSource(source.id)
  if (present === null) return null
  yield* scheduleCheck(source.id, nextMs)
  const { id: sourceId, planRevision, filter } = source
  return yield* insertImport({ sourceId, isScheduled: true, planRevision, filter }, nowMs)
}

/**
 * Closes what a dead process left: imports it was reading have failed, and what it was preparing to
 * apply is removed. Nobody has seen any of it. Yields how many imports.
 */
export async function failAbandoned({ database }: ManageDeps): Promise<number> {
  const error = importErrorOf(
    new AppError('import_failed', { reason: 'The server stopped meanwhile. Import again.' }),
  )
  const count = await database.write(() => failAbandonedImports(error))
  while (await database.write(() => discardStaged(null, 100)));
  return count
}
