import { toBase32 } from '../crypto/base32.ts'
import { hashRecoveryCode, newRecoveryCodes } from '../crypto/recovery_codes.ts'
import { type SealContext, seal, unseal } from '../crypto/seal.ts'
import { matchTotp, newTotpSecret, otpauthUri } from '../crypto/totp.ts'
import { AppError } from '../errors.ts'
import type { User } from '../model/user.ts'
import {
  confirmFactor,
  deleteSecondFactor,
  findSecondFactor,
  putUnconfirmedFactor,
  type SecondFactor,
  setRecoveryHashes,
  takeRecoveryCode,
  takeStep,
} from '../store/second_factor_store.ts'
import {
  type ConsoleDeps,
  type ConsoleSession,
  type OpenedSession,
  renewConsoleSession,
} from './console_session.ts'
import { recordPerson } from './person_audit.ts'

/** A person's second factor as its owner sees it. */
export type OwnSecondFactor =
  | { readonly state: 'off' }
  /** Shown until it is confirmed, and never again. */
  | { readonly state: 'enrolling'; readonly uri: string; readonly secret: string }
  | { readonly state: 'on'; readonly recoveryCodesLeft: number }

/** Under new rights comes a new token; the codes are shown this once. */
export interface NewRecoveryCodes {
  readonly opened: OpenedSession
  readonly recoveryCodes: readonly string[]
}

/** What a person sees of the second factor of the own account. */
export async function readSecondFactor(deps: ConsoleDeps, user: User): Promise<OwnSecondFactor> {
  const factor = await deps.database.read(() => findSecondFactor(user.id))
  if (factor === null) return { state: 'off' }
  if (factor.isConfirmed) return { state: 'on', recoveryCodesLeft: factor.recoveryHashes.length }
  const secret = secretOf(deps, factor)
  return {
    state: 'enrolling',
    secret: toBase32(secret),
    uri: otpauthUri(secret, user.email, issuerOf(deps)),
  }
}

/** Makes a secret for an authenticator app; nothing changes before a code of it is shown. */
export async function beginSecondFactor(deps: ConsoleDeps, user: User): Promise<void> {
  const secret = Buffer.from(newTotpSecret()).toString('base64url')
  const sealed = seal(deps.masterKey, contextOf(user.id), secret)
  const nowMs = deps.clock.nowMs()
  await deps.database.write(() => putUnconfirmedFactor(user.id, sealed, nowMs))
}

/**
 * Has the second factor asked for from now on, once the app has shown that it works.
 * @throws AppError second_factor_failed or too_many_sign_ins
 */
export async function confirmSecondFactor(
  deps: ConsoleDeps,
  session: ConsoleSession,
  typed: { readonly code: string; readonly address: string | null },
): Promise<NewRecoveryCodes> {
  const { user } = session
  const forgive = deps.throttle.admitCode(user.id)
  const factor = await deps.database.read(() => findSecondFactor(user.id))
  if (factor === null || factor.isConfirmed) throw new AppError('second_factor_failed')
  const step = stepOf(deps, factor, typed.code)
  if (step === null) throw new AppError('second_factor_failed')
  forgive()
  const { codes, hashes } = newRecoveryCodes()
  const isTaken = await deps.database.write(function* () {
    if (!(yield* takeStep(user.id, step))) return false
    yield* confirmFactor(user.id)
    yield* setRecoveryHashes(user.id, hashes)
    const event = { action: 'second_factor.enable', userId: user.id, address: typed.address }
    yield* recordPerson(deps, event)
    return true
  })
  if (!isTaken) throw new AppError('second_factor_failed')
  return { opened: await renewConsoleSession(deps, session), recoveryCodes: codes }
}

/** Stops asking for a second factor; the password was confirmed before. */
export async function removeSecondFactor(
  deps: ConsoleDeps,
  session: ConsoleSession,
  address: string | null,
): Promise<OpenedSession> {
  const userId = session.user.id
  await deps.database.write(function* () {
    const isRemoved = yield* deleteSecondFactor(userId)
    if (isRemoved) yield* recordPerson(deps, { action: 'second_factor.disable', userId, address })
  })
  return renewConsoleSession(deps, session)
}

/**
 * Makes new recovery codes in place of the old; the password was confirmed before.
 * @throws AppError second_factor_failed - there is no second factor they could stand in for
 */
export async function renewRecoveryCodes(
  deps: ConsoleDeps,
  session: ConsoleSession,
  address: string | null,
): Promise<NewRecoveryCodes> {
  const userId = session.user.id
  const { codes, hashes } = newRecoveryCodes()
  const isDone = await deps.database.write(function* () {
    const factor = yield* findSecondFactor(userId)
    if (!factor?.isConfirmed) return false
    yield* setRecoveryHashes(userId, hashes)
    yield* recordPerson(deps, { action: 'second_factor.renew_codes', userId, address })
    return true
  })
  if (!isDone) throw new AppError('second_factor_failed')
  return { opened: await renewConsoleSession(deps, session), recoveryCodes: codes }
}

/**
 * Takes what a person typed as second factor: six digits of this half minute or a neighbour, or a
 * recovery code. What was taken once is never taken again.
 */
export async function takeCode(deps: ConsoleDeps, userId: number, typed: string): Promise<boolean> {
  const factor = await deps.database.read(() => findSecondFactor(userId))
  if (!factor?.isConfirmed) return false
  const recovery = hashRecoveryCode(typed)
  if (recovery !== null) return deps.database.write(() => takeRecoveryCode(userId, recovery))
  const step = stepOf(deps, factor, typed)
  return step !== null && deps.database.write(() => takeStep(userId, step))
}

const contextOf = (userId: number): SealContext => ({
  projectId: 0,
  toolId: 0,
  field: `totp:${userId}`,
})

const secretOf = ({ masterKey }: ConsoleDeps, { userId, sealedSecret }: SecondFactor) =>
  Buffer.from(unseal(masterKey, contextOf(userId), sealedSecret), 'base64url')

const stepOf = (deps: ConsoleDeps, factor: SecondFactor, typed: string) =>
  matchTotp(secretOf(deps, factor), typed.replace(/\s/g, ''), deps.clock.nowMs())

const issuerOf = (deps: ConsoleDeps) => {
  const { host } = new URL(deps.publicUrl())
  return `Gatehouse ${host}`
}
