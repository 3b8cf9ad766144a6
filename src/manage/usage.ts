import type { Administrator } from '../model/admin_token.ts'
import type { UsageCounts, UsageRow } from '../model/usage.ts'
import type { Database } from '../store/database.ts'
import {
  addUpUsage,
  hasNewUsage,
  listUsage as list,
  sumUsage,
  type UsageFilter,
} from '../store/usage_store.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { projectInReach } from './reach.ts'

/** A filter whose project may be implied by the credential. */
export type UsageQuery = Omit<UsageFilter, 'projectId'> & { readonly projectId: number | null }

/** A page of a project's usage, and all of it added up. */
export interface UsageReport extends CursorPage<UsageRow> {
  readonly projectId: number
  readonly totals: UsageCounts
}

/** Adds up the calls that have ended since the last time; writes nothing where there are none. */
export async function addUp(database: Database): Promise<void> {
  if (await database.read(hasNewUsage)) await database.write(addUpUsage, 'written')
}

/** Tells what a project's tools were used for. @throws AppError invalid_cursor */
export async function readUsage(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & UsageQuery,
): Promise<UsageReport> {
  const projectId = projectInReach(admin, request.projectId)
  const { groupBy, sinceDay, untilDay, limit, cursor } = request
  const filter = { projectId, groupBy, sinceDay, untilDay }
  await addUp(deps.database)
  const page = await readPage(deps, `usage|${projectId}|${groupBy}`, {
    limit,
    cursor,
    list: (position) => list(filter, limit, position),
  })
  const totals = await deps.database.read(() => sumUsage(filter))
  return { ...page, projectId, totals }
}
