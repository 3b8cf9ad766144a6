import type { MappedRole } from '../../model/role_map.ts'
import type { Role, User } from '../../model/user.ts'
import { deleteConsoleSessionsOf } from '../../store/console_session_store.ts'
import type { Operation } from '../../store/database.ts'
import {
  listSourcedMemberships,
  type SourcedMembership,
  setGroupMembership,
} from '../../store/identity_store.ts'
import { findProjectBySlug } from '../../store/project_store.ts'
import { countOwners, deleteMembership } from '../../store/user_store.ts'
import type { Recorder } from './admit_person.ts'

interface Surroundings {
  readonly nowMs: number
  readonly record: Recorder
}

/**
 * Gives a person exactly the roles that its groups give, beside those given by hand: where somebody
 * gave a role, the groups have no say. The last owner stays one (case 263). Who loses or changes a
 * role is signed out everywhere (case 257).
 */
export function* syncRoles(
  user: User,
  roles: readonly MappedRole[],
  at: Surroundings,
): Operation<void> {
  const held = yield* listSourcedMemberships(user.id)
  const wanted = yield* byProject(roles)
  const lost = held.filter(({ source, projectId }) => source === 'groups' && !wanted.has(projectId))
  let isChanged = false
  for (const [projectId, role] of wanted) {
    const before = held.find((membership) => membership.projectId === projectId)
    if (before?.source === 'hand' || before?.role === role) continue
    isChanged = (yield* give(user, { projectId, role, before }, at)) || isChanged
  }
  for (const membership of lost) isChanged = (yield* take(user, membership, at)) || isChanged
  if (isChanged) yield* deleteConsoleSessionsOf(user.id)
}

/** A project that does not exist has no members. */
function* byProject(roles: readonly MappedRole[]): Operation<ReadonlyMap<number | null, Role>> {
  const wanted = new Map<number | null, Role>()
  for (const { projectSlug, role } of roles) {
    const project = projectSlug === null ? null : yield* findProjectBySlug(projectSlug)
    if (projectSlug === null) wanted.set(null, role)
    else if (project !== null) wanted.set(project.id, role)
  }
  return wanted
}

interface Given {
  readonly projectId: number | null
  readonly role: Role
  readonly before: SourcedMembership | undefined
}

function* give(user: User, given: Given, at: Surroundings): Operation<boolean> {
  const { projectId, role, before } = given
  if (yield* isLastOwner(user, before)) return false
  yield* setGroupMembership({ userId: user.id, projectId, role }, at.nowMs)
  const details = { email: user.email, role, from: before?.role ?? null, by: 'groups' }
  yield* at.record('user.set_role', { user, projectId, details })
  return true
}

function* take(user: User, lost: SourcedMembership, at: Surroundings): Operation<boolean> {
  const { projectId, role } = lost
  if (yield* isLastOwner(user, lost)) return false
  yield* deleteMembership(user.id, projectId)
  const details = { email: user.email, role, by: 'groups' }
  yield* at.record('user.remove_role', { user, projectId, details })
  return true
}

/** Whether nobody else owns the installation; `countOwners` counts those who have been here. */
function* isLastOwner(user: User, held: SourcedMembership | undefined): Operation<boolean> {
  const isOwner = held?.projectId === null && held.role === 'owner'
  const isCounted = user.hasPassword || user.lastLoginAtMs !== null
  return isOwner && isCounted && (yield* countOwners()) <= 1
}
