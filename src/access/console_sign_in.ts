import { hashPassword, needsRehash, verifyPassword } from '../crypto/password.ts'
import { AppError } from '../errors.ts'
import type { User } from '../model/user.ts'
import type { Operation } from '../store/database.ts'
import { findSecondFactor } from '../store/second_factor_store.ts'
import { findPasswordHash, findUserByEmail, setPassword } from '../store/user_store.ts'
import {
  type ConsoleDeps,
  type ConsoleSession,
  type OpenedSession,
  openConsoleSession,
  renewConsoleSession,
  type Whereabouts,
} from './console_session.ts'
import { takeCode } from './second_factor.ts'
import { recorded } from './sign_in_record.ts'

/** Where a person signs in, and the cookies the browser came with. */
export type Arrival = Whereabouts & { readonly cookieHeader: string | null }

/**
 * Signs a person in by email and password; who has a second factor must show it next. An unknown
 * person is refused after the same work and in the same words as a wrong password (case 256).
 * @throws AppError sign_in_failed, too_many_sign_ins, or overloaded
 */
export async function signIn(
  deps: ConsoleDeps,
  typed: { readonly email: string; readonly password: string },
  at: Arrival,
): Promise<OpenedSession> {
  const { email } = typed
  const { address } = at
  const found = await recorded(deps, { at: 'sign_in', email, userId: null, address }, () =>
    proveAccount(deps, typed, address),
  )
  await renewHash(deps, found, typed.password)
  return openSession(deps, found.user.id, at)
}

async function proveAccount(
  deps: ConsoleDeps,
  { email, password }: { readonly email: string; readonly password: string },
  address: string | null,
): Promise<Account> {
  const forgive = deps.throttle.admitPassword(email, address)
  const found = await deps.database.read(() => findAccount(email))
  const isRight = await verifyPassword(password, found?.passwordHash ?? null)
  if (!isRight || found === null || found.user.isDisabled) throw new AppError('sign_in_failed')
  forgive()
  return found
}

/** Opens a session for who has proven to be this person, up to the second factor. */
export async function openSession(
  deps: ConsoleDeps,
  userId: number,
  at: Arrival,
): Promise<OpenedSession> {
  const factor = await deps.database.read(() => findSecondFactor(userId))
  const stage = factor?.isConfirmed ? 'second_factor' : 'signed_in'
  return openConsoleSession(deps, { userId, stage }, at)
}

/**
 * Completes a sign-in with a code of the authenticator app or a recovery code, each good once.
 * @throws AppError not_signed_in, second_factor_failed or too_many_sign_ins
 */
export async function passSecondFactor(
  deps: ConsoleDeps,
  session: ConsoleSession,
  code: string,
): Promise<OpenedSession> {
  if (session.stage !== 'second_factor') throw new AppError('not_signed_in')
  const { user, address } = session
  const attempt = { at: 'second_factor', email: user.email, userId: user.id, address } as const
  await recorded(deps, attempt, async () => {
    const forgive = deps.throttle.admitCode(user.id)
    if (!(await takeCode(deps, user.id, code))) throw new AppError('second_factor_failed')
    forgive()
  })
  return renewConsoleSession(deps, session)
}

/**
 * Refuses who does not know the password of the account that is signed in: asked before what an
 * unwatched screen must not allow. @throws AppError sign_in_failed or too_many_sign_ins
 */
export async function confirmPassword(
  deps: ConsoleDeps,
  { user }: ConsoleSession,
  typed: { readonly password: string; readonly address: string | null },
): Promise<void> {
  const { address } = typed
  const attempt = { at: 'sign_in', email: user.email, userId: user.id, address } as const
  await recorded(deps, attempt, async () => {
    const forgive = deps.throttle.admitPassword(user.email, address)
    const hash = await deps.database.read(() => findPasswordHash(user.id))
    if (!(await verifyPassword(typed.password, hash))) throw new AppError('sign_in_failed')
    forgive()
  })
}

interface Account {
  readonly user: User
  readonly passwordHash: string | null
}

function* findAccount(email: string): Operation<Account | null> {
  const user = yield* findUserByEmail(email)
  return user === null ? null : { user, passwordHash: yield* findPasswordHash(user.id) }
}

/** A hash made at lower costs is replaced while the password is at hand. */
async function renewHash(deps: ConsoleDeps, account: Account, password: string): Promise<void> {
  const { user, passwordHash } = account
  if (passwordHash === null || !needsRehash(passwordHash)) return
  const renewed = await hashPassword(password)
  await deps.database.write(function* () {
    // Unless another password was set meanwhile.
    if ((yield* findPasswordHash(user.id)) === passwordHash) yield* setPassword(user.id, renewed)
  })
}
