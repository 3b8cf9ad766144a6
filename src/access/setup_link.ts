import { hashPresentedToken, setupLinkPrefix } from '../crypto/opaque_token.ts'
import { checkPasswordStrength, hashPassword } from '../crypto/password.ts'
import { AppError, type ErrorCode, type FieldError } from '../errors.ts'
import { isEmail } from '../model/email.ts'
import { isVisibleLine } from '../model/visible_text.ts'
import { deleteConsoleSessionsOf } from '../store/console_session_store.ts'
import type { Operation } from '../store/database.ts'
import {
  consumeSetupLink,
  findSetupLink,
  type SetupLink,
  type SetupPurpose,
} from '../store/setup_link_store.ts'
import {
  countOwners,
  findUser,
  findUserByEmail,
  insertUser,
  setMembership,
  setPassword,
} from '../store/user_store.ts'
import type { ConsoleDeps, OpenedSession } from './console_session.ts'
import { type Arrival, openSession } from './console_sign_in.ts'
import { forgetSetupUrl } from './first_admin.ts'
import { recordPerson } from './person_audit.ts'

/** A one-time link that may still be used. */
export interface OpenLink {
  readonly purpose: SetupPurpose
  /** Whose account it is; null where that is yet to be said. */
  readonly email: string | null
}

/** What a person fills in; `name` and `email` count for the first owner alone. */
export interface SetupForm {
  readonly name: string
  readonly email: string
  readonly password: string
}

/**
 * Looks a link up without using it: mail programs open links too.
 * @throws AppError setup_link_invalid, or setup_done - somebody owns the installation already
 */
export async function readSetupLink(deps: ConsoleDeps, token: string): Promise<OpenLink> {
  const hash = hashOfLink(token)
  const nowMs = deps.clock.nowMs()
  const found = await deps.database.read(() => findOpenLink(hash, nowMs))
  if (typeof found === 'string') throw new AppError(found)
  return found
}

/**
 * Uses a link up: makes the first owner, or gives a person the password that ends all other sessions.
 * Signs the person in, up to the second factor. Nothing happens by halves.
 * @throws AppError setup_link_invalid, setup_done, weak_password, validation_failed or name_taken
 */
export async function useSetupLink(
  deps: ConsoleDeps,
  use: { readonly token: string; readonly form: SetupForm },
  at: Arrival,
): Promise<OpenedSession> {
  const { token, form } = use
  const link = await readSetupLink(deps, token)
  if (link.purpose === 'setup') checkPerson(form)
  checkPasswordStrength(form.password, link.email ?? form.email)
  const passwordHash = await hashPassword(form.password)
  const nowMs = deps.clock.nowMs()
  const hash = hashOfLink(token)
  const account = { ...form, passwordHash, nowMs, address: at.address }
  const userId = await deps.database.write(() =>
    link.purpose === 'setup'
      ? claimInstallation(deps, hash, account)
      : takePassword(deps, hash, account),
  )
  if (userId === 'name_taken') throw emailTaken()
  if (typeof userId === 'string') throw new AppError(userId)
  if (link.purpose === 'setup') forgetSetupUrl(deps)
  return openSession(deps, userId, at)
}

const emailTaken = () =>
  new AppError('name_taken', {
    errors: [{ pointer: '/email', message: 'This address has an account already.' }],
  })

interface NewAccount {
  readonly name: string
  readonly email: string
  readonly passwordHash: string
  readonly nowMs: number
  readonly address: string | null
}

function* claimInstallation(
  deps: ConsoleDeps,
  hash: Uint8Array,
  account: NewAccount,
): Operation<number | ErrorCode> {
  const { nowMs, address } = account
  if ((yield* countOwners()) > 0) return 'setup_done'
  if ((yield* findUserByEmail(account.email)) !== null) return 'name_taken'
  if ((yield* consumeSetupLink(hash, nowMs)) === null) return 'setup_link_invalid'
  const user = yield* insertUser(account)
  if (user === null) return 'name_taken'
  yield* setMembership({ userId: user.id, projectId: null, role: 'owner' }, nowMs)
  yield* recordPerson(deps, { action: 'user.claim_installation', userId: user.id, address })
  return user.id
}

function* takePassword(
  deps: ConsoleDeps,
  hash: Uint8Array,
  account: NewAccount,
): Operation<number | ErrorCode> {
  const link = yield* consumeSetupLink(hash, account.nowMs)
  const userId = link?.userId ?? null
  if (link === null || userId === null) return 'setup_link_invalid'
  yield* setPassword(userId, account.passwordHash)
  yield* deleteConsoleSessionsOf(userId)
  const action = link.purpose === 'invite' ? 'user.accept_invitation' : 'user.reset_password'
  yield* recordPerson(deps, { action, userId, address: account.address })
  return userId
}

function* findOpenLink(hash: Uint8Array, nowMs: number): Operation<OpenLink | ErrorCode> {
  const link = yield* findSetupLink(hash)
  if (link === null) return 'setup_link_invalid'
  const { purpose, userId } = link
  if (purpose === 'setup' && (yield* countOwners()) > 0) return 'setup_done'
  if (isOver(link, nowMs)) return 'setup_link_invalid'
  if (userId === null) return { purpose, email: null }
  const user = yield* findUser(userId)
  if (user === null || user.isDisabled) return 'setup_link_invalid'
  return { purpose, email: user.email }
}

const isOver = ({ usedAtMs, expiresAtMs }: SetupLink, nowMs: number) =>
  usedAtMs !== null || nowMs >= expiresAtMs

/** @throws AppError setup_link_invalid - it does not even look like a link of ours */
function hashOfLink(token: string): Uint8Array {
  const hash = token.startsWith(setupLinkPrefix) ? hashPresentedToken(token) : null
  if (hash === null) throw new AppError('setup_link_invalid')
  return hash
}

/** @throws AppError validation_failed */
function checkPerson({ name, email }: SetupForm): void {
  const errors: FieldError[] = []
  if (!/\S/.test(name) || name.length > 100 || !isVisibleLine(name)) {
    errors.push({ pointer: '/name', message: 'Write your name, in 100 characters at most.' })
  }
  if (!isEmail(email)) errors.push({ pointer: '/email', message: 'Write your email address.' })
  if (errors.length > 0) throw new AppError('validation_failed', { errors })
}
