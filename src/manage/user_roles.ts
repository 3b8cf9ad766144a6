import type { Administrator } from '../model/admin_token.ts'
import type { Membership } from '../model/user.ts'
import { deleteConsoleSessionsOf } from '../store/console_session_store.ts'
import type { Operation } from '../store/database.ts'
import { findProject } from '../store/project_store.ts'
import { deleteMembership, findUser, listMemberships, setMembership } from '../store/user_store.ts'
import { audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { notFound } from './reach.ts'
import { checkPower, checkRole, keepingAnOwner } from './user_reach.ts'
import { getUser, type UserRecord, userEvent } from './users.ts'

/**
 * Gives a person a role in place of the one before, in one project or in the whole installation. The
 * person's sessions end: new rights take a new sign-in (case 257).
 * @throws AppError not_found, permission_denied, project_mismatch, validation_failed or last_owner
 */
export async function setRole(
  deps: ManageDeps,
  admin: Administrator,
  wanted: Membership,
): Promise<UserRecord> {
  const projectId = wanted.projectId ?? admin.projectId
  const membership = { ...wanted, projectId }
  checkRole(admin, membership)
  const nowMs = deps.clock.nowMs()
  await audited(deps, admin, {
    operation: () =>
      keepingAnOwner(function* () {
        if (projectId !== null && (yield* findProject(projectId)) === null) {
          throw notFound('project')
        }
        const user = yield* findForRole(admin, membership)
        yield* setMembership(membership, nowMs)
        yield* deleteConsoleSessionsOf(user.id)
        return user
      }),
    event: (user) =>
      userEvent('set_role', user, { projectId, details: { email: user.email, role: wanted.role } }),
  })
  return getUser(deps, admin, wanted.userId)
}

/**
 * Takes a person's role in a project, or the one of the whole installation, away.
 * @throws AppError not_found, permission_denied, project_mismatch or last_owner
 */
export async function removeRole(
  deps: ManageDeps,
  admin: Administrator,
  wanted: Pick<Membership, 'userId' | 'projectId'>,
): Promise<void> {
  const { userId } = wanted
  const projectId = wanted.projectId ?? admin.projectId
  checkRole(admin, { projectId, role: 'member' })
  await audited(deps, admin, {
    operation: () =>
      keepingAnOwner(function* () {
        const user = yield* findForRole(admin, { userId, projectId })
        if (!(yield* deleteMembership(userId, projectId))) throw notFound('role of this person')
        yield* deleteConsoleSessionsOf(userId)
        return user
      }),
    event: (user) => userEvent('remove_role', user, { projectId }),
  })
}

/**
 * A role in the whole installation takes power over its holder. A credential of one project gets at
 * those who have a role there and at nobody else.
 */
function* findForRole(
  admin: Administrator,
  { userId, projectId }: Pick<Membership, 'userId' | 'projectId'>,
): Operation<{ readonly id: number; readonly email: string }> {
  const user = yield* findUser(userId)
  const held = yield* listMemberships(userId)
  const isSeen = admin.projectId === null || held.some((one) => one.projectId === admin.projectId)
  if (user === null || !isSeen) throw notFound('person')
  if (projectId === null) checkPower(admin, held)
  return user
}
