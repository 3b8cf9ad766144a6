import { checkPasswordStrength, hashPassword } from '../crypto/password.ts'
import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { Membership, Role, User } from '../model/user.ts'
import { deleteConsoleSessionsOf } from '../store/console_session_store.ts'
import type { Operation } from '../store/database.ts'
import { type Identity, listIdentities } from '../store/identity_store.ts'
import { deletePasskeysOf, listPasskeys, type Passkey } from '../store/passkey_store.ts'
import { findProject } from '../store/project_store.ts'
import { deleteSecondFactor, findSecondFactor } from '../store/second_factor_store.ts'
import { deleteSetupLinksOf } from '../store/setup_link_store.ts'
import {
  findUser,
  findUserByEmail,
  insertUser,
  listUsers as listAll,
  listMemberships,
  setMembership,
  type UserFilter,
  updateUser as writeUser,
} from '../store/user_store.ts'
import { type Audited, audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { notFound, requireWholeInstance } from './reach.ts'
import { newUserLink, type UserLink } from './user_links.ts'
import { checkPower, checkRole, keepingAnOwner } from './user_reach.ts'

/** A person as an administrator sees it: of the roles, those in the administrator's reach. */
export interface UserRecord extends User {
  readonly hasSecondFactor: boolean
  readonly passkeys: readonly Pick<Passkey, 'name' | 'createdAtMs' | 'lastUsedAtMs'>[]
  /** Who the person is at providers of OpenID Connect. */
  readonly identities: readonly Identity[]
  readonly memberships: readonly Membership[]
}

/** What a new person starts with. */
export interface UserInput {
  readonly email: string
  readonly name: string
  readonly role: Role
  /** Null: the whole installation, or with a credential of one project that one. */
  readonly projectId: number | null
  /** Null: the person chooses it by a link. */
  readonly password: string | null
}

/** A new person, and the link to be passed on where there is no password yet. */
export interface CreatedUser {
  readonly user: UserRecord
  readonly link: UserLink | null
}

/**
 * Creates a person with one role. With a credential of one project, one who has an account already is
 * given the role there: ids tell it nothing of people elsewhere, it must know their email.
 * @throws AppError name_taken, weak_password, permission_denied, project_mismatch or not_found
 */
export async function createUser(
  deps: ManageDeps,
  admin: Administrator,
  input: UserInput,
): Promise<CreatedUser> {
  const { email, name, role, password } = input
  const projectId = input.projectId ?? admin.projectId
  checkRole(admin, { projectId, role })
  if (password !== null) checkPasswordStrength(password, email)
  const passwordHash = password === null ? null : await hashPassword(password)
  const link = password === null ? newUserLink(deps, 'invite') : null
  const nowMs = deps.clock.nowMs()
  const made = await audited(deps, admin, {
    operation: function* () {
      if (projectId !== null && (yield* findProject(projectId)) === null) throw notFound('project')
      const user = yield* insertUser({ email, name, passwordHash, nowMs })
      const isNew = user !== null
      const { id } = user ?? (yield* findToJoin(admin, input))
      yield* setMembership({ userId: id, projectId, role }, nowMs)
      if (isNew && link !== null) yield* link.insert(id)
      return { id, email, isNew }
    },
    event: (person) => {
      const verb = person.isNew ? 'create' : 'set_role'
      const details = { email, role, invited: person.isNew && link !== null }
      return userEvent(verb, person, { projectId, details })
    },
  })
  return { user: await getUser(deps, admin, made.id), link: made.isNew ? link : null }
}

function* findToJoin(admin: Administrator, { email, password }: UserInput): Operation<User> {
  const user = yield* findUserByEmail(email)
  if (user === null || admin.projectId === null) throw emailTaken(email)
  const held = yield* listMemberships(user.id)
  if (held.some(({ projectId }) => projectId === admin.projectId)) throw emailTaken(email)
  if (password !== null)
    throw emailTaken(email, 'Leave out the password to give that person the role.')
  return user
}

const setRoleInstead = 'Give that person a role instead: gatehouse user set-role'
const emailTaken = (email: string, reason = setRoleInstead) =>
  new AppError('name_taken', {
    reason,
    errors: [{ pointer: '/email', message: `"${email}" has an account already` }],
  })

/** An event about a person. */
export const userEvent = (
  verb: string,
  { id, email }: Pick<User, 'id' | 'email'>,
  more: Partial<Audited> = {},
): Audited => ({
  action: `user.${verb}`,
  target: `user:${id}`,
  projectId: null,
  details: { email },
  ...more,
})

/**
 * Lists people: with a credential of one project those with a role in it.
 * @throws AppError project_mismatch or invalid_cursor
 */
export async function listUsers(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & UserFilter,
): Promise<CursorPage<UserRecord>> {
  const { email } = request
  const own = admin.projectId
  if (own !== null && request.projectId !== null && request.projectId !== own) {
    throw new AppError('project_mismatch')
  }
  const projectId = request.projectId ?? own
  const list = (position: string | null) => listAll({ projectId, email }, request.limit, position)
  const page = await readPage(deps, `users|${projectId}`, { ...request, list })
  const items = await Promise.all(page.items.map((user) => recordOf(deps, admin, user)))
  return { items, nextCursor: page.nextCursor }
}

/** Finds a person. @throws AppError not_found - or of no project in the administrator's reach */
export async function getUser(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<UserRecord> {
  const user = await deps.database.read(() => findUser(id))
  const record = user === null ? null : await recordOf(deps, admin, user)
  const isVisible = admin.projectId === null || (record?.memberships.length ?? 0) > 0
  if (record === null || !isVisible) throw notFound('person')
  return record
}

/** Which fields of a person change; the others stay. */
export type UserChange = Partial<Pick<User, 'name' | 'isDisabled'>>

/**
 * Changes a person's name, or shuts the account or opens it again; shutting it ends all sessions and
 * links of the person. @throws AppError not_found, permission_denied or last_owner
 */
export async function updateUser(
  deps: ManageDeps,
  admin: Administrator,
  target: { readonly id: number; readonly change: UserChange },
): Promise<UserRecord> {
  const { id, change } = target
  const verb = change.isDisabled === undefined ? 'update' : change.isDisabled ? 'disable' : 'enable'
  const written = await audited(deps, admin, {
    operation: () =>
      keepingAnOwner(function* () {
        const user = yield* findInPower(admin, id)
        const changed = yield* writeUser({ ...user, ...change })
        if (change.isDisabled) yield* endAccess(id)
        return changed ?? user
      }),
    event: (user) => userEvent(verb, user),
  })
  return recordOf(deps, admin, written)
}

/**
 * Makes a link by which a person sets a new password; the old one stays good until then.
 * @throws AppError not_found or permission_denied
 */
export async function resetPassword(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<UserLink> {
  const link = newUserLink(deps, 'reset')
  await audited(deps, admin, {
    operation: function* () {
      const user = yield* findInPower(admin, id)
      yield* link.insert(id)
      return user
    },
    event: (user) => userEvent('reset_password', user),
  })
  return link
}

/**
 * Stops asking a person for the second factor, whose phone is lost, and forgets the passkeys; the
 * person's sessions end.
 * @throws AppError not_found or permission_denied
 */
export async function resetSecondFactor(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<UserRecord> {
  const user = await audited(deps, admin, {
    operation: function* () {
      const found = yield* findInPower(admin, id)
      yield* deleteSecondFactor(id)
      yield* deletePasskeysOf(id)
      yield* deleteConsoleSessionsOf(id)
      return found
    },
    event: (found) => userEvent('reset_second_factor', found),
  })
  return recordOf(deps, admin, user)
}

/** An account is of the whole installation. @throws AppError not_found or permission_denied */
function* findInPower(admin: Administrator, id: number): Operation<User> {
  requireWholeInstance(admin)
  const user = yield* findUser(id)
  if (user === null) throw notFound('person')
  checkPower(admin, yield* listMemberships(id))
  return user
}

function* endAccess(userId: number): Operation<void> {
  yield* deleteConsoleSessionsOf(userId)
  yield* deleteSetupLinksOf(userId)
}

function recordOf(deps: ManageDeps, admin: Administrator, user: User): Promise<UserRecord> {
  return deps.database.read(function* () {
    const factor = yield* findSecondFactor(user.id)
    const held = yield* listMemberships(user.id)
    const isSeen = ({ projectId }: Membership) =>
      admin.projectId === null || projectId === admin.projectId
    const hasSecondFactor = factor?.isConfirmed ?? false
    const passkeys = yield* listPasskeys(user.id)
    const identities = yield* listIdentities(user.id)
    return { ...user, hasSecondFactor, passkeys, identities, memberships: held.filter(isSeen) }
  })
}
