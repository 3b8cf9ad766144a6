import { hashPresentedToken, newToken, passkeyAttemptPrefix } from '../../crypto/opaque_token.ts'
import { AppError } from '../../errors.ts'
import type { User } from '../../model/user.ts'
import type { Operation } from '../../store/database.ts'
import { findPasskey, notePasskeyUse, type Passkey } from '../../store/passkey_store.ts'
import { findUser } from '../../store/user_store.ts'
import {
  type ConsoleDeps,
  type ConsoleSession,
  type OpenedSession,
  openConsoleSession,
  renewConsoleSession,
} from '../console_session.ts'
import type { Arrival } from '../console_sign_in.ts'
import { cookieValue } from '../cookie_value.ts'
import { type Attempt, recorded } from '../sign_in_record.ts'
import { readAnswer, requestOptions, verifyUse } from './ceremony.ts'
import { challengeLifeMs, newChallenge, takeChallenge } from './passkey_challenge.ts'
import { passkeyHandle } from './passkey_handle.ts'
import { requirePasskeySite } from './passkey_site.ts'

/**
 * Begins a sign-in with a passkey, for the browser that gets the cookie alone.
 * @returns what the browser is to be asked, as JSON, and the `Set-Cookie` header
 * @throws AppError too_many_sign_ins, overloaded, or not_found - there are no passkeys here
 */
export async function beginPasskeySignIn(
  deps: ConsoleDeps,
  address: string | null,
): Promise<{ readonly options: string; readonly cookie: string }> {
  const site = requirePasskeySite(deps)
  const attempt = attemptOf(null, address)
  await recorded(deps, attempt, async () => deps.throttle.admitPasskey(address))
  const { token, hash } = newToken(passkeyAttemptPrefix)
  const challenge = await newChallenge(deps, { purpose: 'sign_in', holder: hash })
  return { options: await requestOptions(site, challenge), cookie: passkeyCookie(deps, token) }
}

/**
 * Signs a person in by passkey. The device has made sure who holds it, so that it counts for both
 * factors; a session that waits for its second factor goes on, if the passkey is its person's.
 * @throws AppError passkey_failed, too_many_sign_ins or not_signed_in
 */
export async function signInWithPasskey(
  deps: ConsoleDeps,
  sent: { readonly answer: string; readonly waiting: ConsoleSession | null },
  at: Arrival,
): Promise<OpenedSession> {
  const { waiting } = sent
  const userId = await recorded(deps, attemptOf(waiting?.user ?? null, at.address), async () => {
    const forgive = waiting === null ? null : deps.throttle.admitCode(waiting.user.id)
    const proven = await whoAnswers(deps, sent, at.cookieHeader)
    deps.throttle.forgivePasskey(at.address)
    forgive?.()
    return proven
  })
  if (waiting !== null) return renewConsoleSession(deps, waiting)
  return openConsoleSession(deps, { userId, stage: 'signed_in' }, at)
}

const attemptOf = (waiting: User | null, address: string | null): Attempt =>
  waiting === null
    ? { at: 'sign_in', email: '', userId: null, address }
    : { at: 'second_factor', email: waiting.email, userId: waiting.id, address }

async function whoAnswers(
  deps: ConsoleDeps,
  sent: { readonly answer: string; readonly waiting: ConsoleSession | null },
  cookieHeader: string | null,
): Promise<number> {
  const site = requirePasskeySite(deps)
  const answer = readAnswer(sent.answer)
  const holder = hashPresentedToken(cookieValue(cookieHeader, cookieName(deps)) ?? '')
  if (holder === null) throw new AppError('passkey_failed')
  const asked = { purpose: 'sign_in', holder } as const
  if (!(await takeChallenge(deps, answer.challenge, asked))) throw new AppError('passkey_failed')
  const passkey = await deps.database.read(() => findUsable(answer.credentialId))
  if (passkey === null) throw new AppError('passkey_failed')
  const { id, userId } = passkey
  const isOwn = answer.userHandle === null || isHandleOf(deps, userId, answer.userHandle)
  const isWanted = sent.waiting === null || sent.waiting.user.id === userId
  if (!(isOwn && isWanted)) throw new AppError('passkey_failed')
  const use = { counter: await verifyUse(site, answer, passkey), nowMs: deps.clock.nowMs() }
  if (!(await deps.database.write(() => notePasskeyUse(id, use)))) {
    throw new AppError('passkey_failed')
  }
  return userId
}

/** A passkey whose person may come in. */
function* findUsable(credentialId: Uint8Array): Operation<Passkey | null> {
  const passkey = yield* findPasskey(credentialId)
  if (passkey === null) return null
  const user = yield* findUser(passkey.userId)
  return user === null || user.isDisabled ? null : passkey
}

const isHandleOf = (deps: ConsoleDeps, userId: number, handle: Uint8Array) =>
  Buffer.compare(passkeyHandle(deps, userId), handle) === 0

const isSecure = (deps: ConsoleDeps) => deps.publicUrl().startsWith('https:')
const cookieName = (deps: ConsoleDeps) =>
  isSecure(deps) ? '__Host-gatehouse_passkey' : 'gatehouse_passkey'

/** The `Set-Cookie` header that binds an attempt to the browser; `token` null takes it away. */
export function passkeyCookie(deps: ConsoleDeps, token: string | null): string {
  const age = token === null ? 0 : challengeLifeMs / 1000
  const secure = isSecure(deps) ? '; Secure' : ''
  return `${cookieName(deps)}=${token ?? ''}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`
}
