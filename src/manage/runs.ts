import { AppError } from '../errors.ts'
import { parseRunId } from '../lib/run_id.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { Project } from '../model/project.ts'
import type { Run } from '../model/run.ts'
import { findMemberId } from '../store/member_store.ts'
import type { Page } from '../store/page.ts'
import { listProjects } from '../store/project_store.ts'
import { type Settlement, settleRun } from '../store/run_claim_store.ts'
import { findRun, listRuns as listAll, type RunFilter } from '../store/run_store.ts'
import { audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { notFound, projectInReach } from './reach.ts'

/** A filter whose project may be implied by the credential. */
export type RunQuery = Omit<RunFilter, 'projectId' | 'memberId'> & {
  readonly projectId: number | null
  readonly memberExternalId: string | null
}

/** Lists runs, newest first. */
export async function listRuns(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & RunQuery,
): Promise<CursorPage<Run>> {
  const projectId = projectInReach(admin, request.projectId)
  const { memberExternalId: member } = request
  const memberId =
    member === null ? null : await deps.database.read(() => findMemberId(projectId, member))
  if (member !== null && memberId === null) return { items: [], nextCursor: null }
  const filter = { ...request, projectId, memberId }
  const list = (position: string | null) => listAll(filter, request.limit, position)
  return readPage(deps, `runs|${projectId}`, { ...request, list })
}

/** Finds a run by its Run ID. @throws AppError not_found */
export async function getRun(deps: ManageDeps, admin: Administrator, id: string): Promise<Run> {
  const bytes = parseRunId(id)
  if (bytes === null) throw notFound('run')
  for await (const projectId of projectsInReach(deps, admin)) {
    const run = await deps.database.read(() => findRun(projectId, bytes))
    if (run !== null) return run
  }
  throw notFound('run')
}

/** What an administrator says became of a run, or what the API said. */
export type RunSettlement = Omit<Settlement, 'atMs'>

/**
 * Settles a run whose outcome is unknown, and writes down who did.
 * @throws AppError not_found or run_not_unknown
 */
export async function resolveRun(
  deps: ManageDeps,
  admin: Administrator,
  request: RunSettlement & { readonly id: string },
): Promise<Run> {
  const { id, outcome, by, note } = request
  const run = await getRun(deps, admin, id)
  const { projectId } = run
  const bytes = parseRunId(id)
  if (bytes === null) throw notFound('run')
  const settlement = { outcome, by, note, atMs: deps.clock.nowMs() }
  const event = { action: `run.${by === 'verify' ? 'verify' : 'resolve'}`, target: `run:${run.id}` }
  const wasUnknown = await audited(deps, admin, {
    operation: () => settleRun({ projectId, id: bytes }, settlement),
    event: (isSettled) => (isSettled ? { ...event, projectId, details: { outcome, note } } : null),
  })
  if (!wasUnknown) throw notUnknown(run)
  return getRun(deps, admin, id)
}

/** There is nothing to find out about a run. */
export const notUnknown = ({ state }: Run) =>
  new AppError('run_not_unknown', { reason: `Its state is ${state}.` })

/** Runs are found by project first, so that one index serves both the list and the look-up. */
async function* projectsInReach(deps: ManageDeps, admin: Administrator): AsyncGenerator<number> {
  if (admin.projectId !== null) {
    yield admin.projectId
    return
  }
  let position: string | null = null
  do {
    const at: string | null = position
    const page: Page<Project> = await deps.database.read(() => listProjects(200, at))
    for (const project of page.items) yield project.id
    position = page.next
  } while (position !== null)
}
