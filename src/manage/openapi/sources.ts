import type { Administrator } from '../../model/admin_token.ts'
import type { OpenapiSource } from '../../model/openapi_import.ts'
import type { ImportSettings, OperationFilter } from '../../model/openapi_source.ts'
import {
  findSource,
  forgetFetch,
  hasReadyImport,
  insertSource,
  listSources as listAll,
  deleteSource as removeSource,
  type SourceFields,
  touchPlan,
  updateSource as writeSource,
} from '../../store/openapi_source_store.ts'
import { findProject } from '../../store/project_store.ts'
import { audited, changesBetween } from '../audit.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from '../paging.ts'
import { notFound, projectInReach } from '../reach.ts'
import { startImport } from './imports.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import { refuseField, sourceEvent, sourceInReach } from './source_reach.ts'
import { tidySource } from './tidy.ts'

/** What the operator says of a source. */
export interface SourceInput {
  readonly name: string
  readonly url: string | null
  readonly settings: ImportSettings
  readonly filter: OperationFilter
  readonly recheckHours: number | null
}

/** Makes a source; nothing is fetched yet. */
export async function createSource(
  deps: ManageDeps,
  admin: Administrator,
  input: SourceInput & { readonly projectId: number | null },
): Promise<OpenapiSource> {
  const projectId = projectInReach(admin, input.projectId)
  const nowMs = deps.clock.nowMs()
  const fields = fieldsOf(input, nowMs)
  if ((await deps.database.read(() => findProject(projectId))) === null) throw notFound('project')
  const source = await audited(deps, admin, {
    operation: () => insertSource(projectId, fields, nowMs),
    event: (made) => made && sourceEvent('create', made, {}),
  })
  if (source === null) throw notFound('project')
  return source
}

function fieldsOf(input: SourceInput, nowMs: number): SourceFields {
  const { url, recheckHours } = input
  checkUrl(url)
  if (recheckHours !== null && url === null) {
    throw refuseField('/recheck_hours', 'goes with a url to check')
  }
  const nextCheckAtMs = recheckHours === null ? null : nowMs + recheckHours * 3_600_000
  return { ...input, nextCheckAtMs }
}

function checkUrl(url: string | null): void {
  if (url === null) return
  const parsed = URL.parse(url)
  const isWeb = parsed?.protocol === 'https:' || parsed?.protocol === 'http:'
  if (!isWeb) throw refuseField('/url', 'must be an https URL')
  if (parsed.username !== '' || parsed.password !== '') {
    throw refuseField('/url', 'must not hold a user or password')
  }
}

/** Lists a project's sources. */
export async function listSources(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & { readonly projectId: number | null },
): Promise<CursorPage<OpenapiSource>> {
  const projectId = projectInReach(admin, request.projectId)
  const list = (position: string | null) => listAll(projectId, request.limit, position)
  return readPage(deps, `openapi_sources|${projectId}`, { ...request, list })
}

/** What of a source to change. */
export type SourceChange = Partial<SourceInput>

/**
 * Changes what the operator says of a source. Where drafts depend on it, the document that was kept is
 * read again by itself; nothing is fetched.
 */
export async function updateSource(
  deps: OpenapiDeps,
  admin: Administrator,
  { id, change }: { readonly id: number; readonly change: SourceChange },
): Promise<OpenapiSource> {
  const { manage } = deps
  const source = await sourceInReach(manage, admin, id)
  const nowMs = manage.clock.nowMs()
  const { name, url, settings, filter, recheckHours } = { ...source, ...change }
  const input = { name, url, settings, filter, recheckHours }
  const fields = fieldsOf(input, nowMs)
  const isSchedule = recheckHours === source.recheckHours && url === source.url
  const nextCheckAtMs = isSchedule ? source.nextCheckAtMs : fields.nextCheckAtMs
  const changes = changesBetween(source, input)
  const isNewPlan = 'settings' in changes || 'filter' in changes
  await audited(manage, admin, {
    operation: function* () {
      yield* writeSource(id, { ...fields, nextCheckAtMs }, nowMs)
      if (isNewPlan) yield* touchPlan(id)
      else if (url !== source.url) yield* forgetFetch(id)
    },
    event: () => sourceEvent('update', source, { changes: wordsOf(changes) }),
  })
  if (isNewPlan && source.documentHash !== null) await redraft(deps, admin, id)
  return sourceInReach(manage, admin, id)
}

/** Overlays may be long; that they changed is what goes on record. */
const wordsOf = (changes: object) => Object.keys(changes)

/** Reads the kept document again, where nothing else is being read already. */
export async function redraft(
  deps: OpenapiDeps,
  admin: Administrator,
  sourceId: number,
): Promise<void> {
  try {
    await startImport(deps, admin, { sourceId, origin: 'kept' })
  } catch {
    // The line is full, or an import runs: its plan is void, and the operator asks again.
  }
}

/** Whether a plan of the source waits to be applied. */
export const hasPlan = (deps: ManageDeps, sourceId: number): Promise<boolean> =>
  deps.database.read(() => hasReadyImport(sourceId))

/** Deletes a source and its tools; runs stay on record. */
export async function deleteSource(
  deps: OpenapiDeps,
  admin: Administrator,
  id: number,
): Promise<void> {
  const { manage, jobs } = deps
  const source = await sourceInReach(manage, admin, id)
  const nowMs = manage.clock.nowMs()
  await jobs.change(id, () =>
    audited(manage, admin, {
      operation: function* () {
        const present = yield* findSource(id)
        if (present !== null) yield* removeSource(present, nowMs)
        return present
      },
      event: (present) => present && sourceEvent('delete', source, { tools: present.toolCount }),
    }),
  )
  jobs.cancelSource(id)
  manage.onToolsChanged(source.projectId)
  tidySource(manage, id)
}
