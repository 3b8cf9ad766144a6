import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import { includesRole, type Membership } from '../model/user.ts'
import type { Operation } from '../store/database.ts'
import { countOwners } from '../store/user_store.ts'
import { requireWholeInstance } from './reach.ts'

/**
 * Refuses a role that the administrator may not give or take: of another project, of the whole
 * installation with a credential of one project, or stronger than a person's own.
 * @throws AppError project_mismatch, permission_denied or validation_failed
 */
export function checkRole(
  admin: Administrator,
  { projectId, role }: Pick<Membership, 'projectId' | 'role'>,
): void {
  if (projectId === null) requireWholeInstance(admin)
  else if (admin.projectId !== null && admin.projectId !== projectId) {
    throw new AppError('project_mismatch')
  }
  if (role === 'owner' && projectId !== null) {
    const message = 'owner is a role of the whole installation; name no project'
    throw new AppError('validation_failed', { errors: [{ pointer: '/role', message }] })
  }
  if (admin.role !== undefined && !includesRole(admin.role, role)) throw tooStrong()
}

/**
 * Refuses to touch an owner's account for a person who is none: a new password for it would be a way
 * to become one. @throws AppError permission_denied
 */
export function checkPower(admin: Administrator, held: readonly Membership[]): void {
  if (admin.role === undefined || admin.role === 'owner') return
  if (held.some(({ projectId, role }) => projectId === null && role === 'owner')) throw tooStrong()
}

const tooStrong = () =>
  new AppError('permission_denied', { reason: 'Only an owner may do this to an owner.' })

/**
 * Makes a change unless it takes the installation its last owner (case 263): thrown inside the
 * transaction, nothing of it stays. @throws AppError last_owner
 */
export function* keepingAnOwner<T>(change: () => Operation<T>): Operation<T> {
  const before = yield* countOwners()
  const result = yield* change()
  if (before > 0 && (yield* countOwners()) === 0) throw new AppError('last_owner')
  return result
}
