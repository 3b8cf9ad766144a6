import { AppError, type FieldError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import {
  type GrantFault,
  type GrantStanding,
  grantFault,
  scopesNow,
} from '../model/grant_standing.ts'
import { ceilingOf, includesScope, type Policy } from '../model/policy.ts'
import type { Operation } from '../store/database.ts'
import {
  findGrantNames,
  findGrantStanding,
  type GrantNames,
} from '../store/grant_standing_store.ts'
import { type GrantFilter, listGrants } from '../store/grant_store.ts'
import type { Page } from '../store/page.ts'
import { findPolicy, putPolicy } from '../store/policy_store.ts'
import { bumpEpoch } from '../store/project_store.ts'
import { listScopes } from '../store/scope_store.ts'
import { audited, changesBetween } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { getProject } from './projects.ts'

/** Finds a project's policy; what holds by default where nothing was set. @throws AppError not_found */
export async function getPolicy(
  deps: ManageDeps,
  admin: Administrator,
  projectId: number,
): Promise<Policy> {
  await getProject(deps, admin, projectId)
  return deps.database.read(() => findPolicy(projectId))
}

/** Which parts of a policy change; the others stay. */
export type PolicyChange = Partial<Omit<Policy, 'projectId'>>

interface PolicyTarget {
  readonly projectId: number
  readonly change: PolicyChange
}

/**
 * Changes a policy; what is tighter holds for connections that were made before, from the next request
 * on (reliability.md case 107).
 * @throws AppError not_found; validation_failed - a scope the project does not have
 */
export async function updatePolicy(
  deps: ManageDeps,
  admin: Administrator,
  { projectId, change }: PolicyTarget,
): Promise<Policy> {
  await getProject(deps, admin, projectId)
  const { after } = await audited(deps, admin, {
    operation: function* () {
      const changed = yield* changedPolicy(projectId, change)
      yield* putPolicy(changed.after, deps.clock.nowMs())
      yield* bumpEpoch(projectId)
      return changed
    },
    event: ({ before, after }) => ({
      action: 'policy.update',
      target: `project:${projectId}`,
      projectId,
      details: changesBetween(before, after),
    }),
  })
  // What open connections may see of the tools can be another list now.
  deps.onToolsChanged(projectId)
  return after
}

function* changedPolicy(
  projectId: number,
  change: PolicyChange,
): Operation<{ readonly before: Policy; readonly after: Policy }> {
  const before = yield* findPolicy(projectId)
  const after = withoutRepeats({ ...before, ...change })
  yield* refuseUnknownScopes(after, change)
  return { before, after }
}

const withoutRepeats = (policy: Policy): Policy => ({
  ...policy,
  allowedRedirectUris: [...new Set(policy.allowedRedirectUris)],
  allowedClientIds: [...new Set(policy.allowedClientIds)],
  policyScopes: [...new Set(policy.policyScopes)],
  challengeScopes: [...new Set(policy.challengeScopes)],
})

/**
 * A ceiling with a mistyped name would let nobody in without anyone knowing why, and so would a
 * suggestion that may not be granted. A ceiling that is lowered later takes the suggestion with it.
 */
function* refuseUnknownScopes(policy: Policy, change: PolicyChange): Operation<void> {
  const scopes = yield* listScopes(policy.projectId)
  const known = new Set(scopes.map(({ name }) => name))
  const ceiling = ceilingOf(policy, scopes)
  const unknown = 'is not a scope of the project'
  const errors = [
    ...faults(change.policyScopes, 'policy_scopes', (name) =>
      name === 'ALL' || includesScope(known, name) ? null : unknown,
    ),
    ...faults(change.challengeScopes, 'challenge_scopes', (name) => {
      if (name !== 'ALL' && !includesScope(known, name)) return unknown
      return includesScope(ceiling, name) ? null : 'is above policy_scopes'
    }),
  ]
  if (errors.length > 0) throw new AppError('validation_failed', { errors })
}

const faults = (
  names: readonly string[] | undefined,
  field: string,
  faultOf: (name: string) => string | null,
): FieldError[] =>
  (names ?? []).flatMap((name, index) => {
    const message = faultOf(name)
    return message === null ? [] : [{ pointer: `/${field}/${index}`, message }]
  })

/** What a change of policy would do to a connection. */
export interface AffectedConnection {
  readonly standing: GrantStanding
  readonly names: GrantNames
  /** Why it would be refused; null where it goes on with fewer scopes. */
  readonly fault: GrantFault | null
  readonly lostScopes: readonly string[]
}

/** What a change of policy would do. */
export interface PolicyPreview {
  /** How many connections work now. */
  readonly workingCount: number
  readonly stoppedCount: number
  readonly narrowedCount: number
  /** Those that would be stopped or narrowed, newest first, as many as are shown. */
  readonly affected: readonly AffectedConnection[]
}

const MAX_SHOWN = 200
const BATCH = 200

/**
 * Tells what a change of policy would do to the connections of a project, and changes nothing. Only
 * what it does to connections that work now is told: their redirects and lifetimes are behind them.
 * @throws AppError as `updatePolicy`
 */
export async function previewPolicy(
  deps: ManageDeps,
  admin: Administrator,
  { projectId, change }: PolicyTarget,
): Promise<PolicyPreview> {
  await getProject(deps, admin, projectId)
  const { after } = await deps.database.read(() => changedPolicy(projectId, change))
  const nowMs = deps.clock.nowMs()
  let [workingCount, stoppedCount, narrowedCount] = [0, 0, 0]
  const affected: AffectedConnection[] = []
  for await (const { standing, names } of workingConnections(deps, projectId, nowMs)) {
    workingCount++
    const effect = effectOn(standing, { ...standing, policy: after }, nowMs)
    if (effect.fault !== null) stoppedCount++
    else if (effect.lostScopes.length > 0) narrowedCount++
    else continue
    if (affected.length < MAX_SHOWN) affected.push({ standing, names, ...effect })
  }
  return { workingCount, stoppedCount, narrowedCount, affected }
}

interface WorkingConnection {
  readonly standing: GrantStanding
  readonly names: GrantNames
}

/** A project's connections that work now, read in batches, so that no read takes long. */
async function* workingConnections(
  { database }: ManageDeps,
  projectId: number,
  nowMs: number,
): AsyncGenerator<WorkingConnection> {
  const filter: GrantFilter = { projectId, userId: null, clientId: null, liveAtMs: nowMs }
  let position: string | null = null
  do {
    const from: string | null = position
    const batch: Page<WorkingConnection> = await database.read(() => readBatch(filter, nowMs, from))
    yield* batch.items
    position = batch.next
  } while (position !== null)
}

function* readBatch(
  filter: GrantFilter,
  nowMs: number,
  from: string | null,
): Operation<Page<WorkingConnection>> {
  const page = yield* listGrants(filter, BATCH, from)
  const items: WorkingConnection[] = []
  for (const { id } of page.items) {
    const standing = yield* findGrantStanding(id)
    if (standing === null || grantFault(standing, nowMs) !== null) continue
    items.push({
      standing,
      names: yield* findGrantNames(standing.clientId, standing.user?.id ?? null),
    })
  }
  return { items, next: page.next }
}

function effectOn(before: GrantStanding, after: GrantStanding, nowMs: number) {
  const left = scopesNow(after.scopes, after)
  const lostScopes = [...scopesNow(before.scopes, before)].filter((s) => !includesScope(left, s))
  return { fault: grantFault(after, nowMs), lostScopes: lostScopes.sort() }
}
