import type { Administrator } from '../model/admin_token.ts'
import type { UsageLimits, UsageOwnerRef } from '../model/usage_limit.ts'
import { findUsageLimits, putUsageLimits } from '../store/usage_limit_store.ts'
import { audited, changesBetween } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'

/** A thing that limits are set on, already found to be in reach. */
export interface LimitedThing extends UsageOwnerRef {
  readonly projectId: number
}

/** Which limits change; the others stay. */
export type UsageLimitsChange = Partial<UsageLimits>

/** Reads the limits of a thing. */
export function readUsageLimits(deps: ManageDeps, thing: LimitedThing): Promise<UsageLimits> {
  return deps.database.read(() => findUsageLimits(thing.projectId, thing))
}

/** Changes the limits of a thing; calls are held to them from the next one on. */
export async function changeUsageLimits(
  deps: ManageDeps,
  admin: Administrator,
  { thing, change }: { readonly thing: LimitedThing; readonly change: UsageLimitsChange },
): Promise<UsageLimits> {
  const { projectId, owner, id } = thing
  const { after } = await audited(deps, admin, {
    operation: function* () {
      const before = yield* findUsageLimits(projectId, thing)
      const after = { ...before, ...change }
      yield* putUsageLimits(projectId, thing, after)
      return { before, after }
    },
    event: ({ before, after }) => ({
      action: 'usage_limits.update',
      target: `${owner}:${id}`,
      projectId,
      details: changesBetween(before, after),
    }),
  })
  return after
}
