import { AppError } from '../../errors.ts'
import {
  deletePasskey,
  insertPasskey,
  listPasskeys,
  type Passkey,
} from '../../store/passkey_store.ts'
import {
  type ConsoleDeps,
  type ConsoleSession,
  type OpenedSession,
  renewConsoleSession,
} from '../console_session.ts'
import { recordPerson } from '../person_audit.ts'
import { creationOptions, readAnswer, verifyCreation } from './ceremony.ts'
import { newChallenge, takeChallenge } from './passkey_challenge.ts'
import { passkeyHandle } from './passkey_handle.ts'
import { passkeySite, requirePasskeySite } from './passkey_site.ts'

/** The passkeys of a person as their owner sees them. */
export interface OwnPasskeys {
  /** Whether browsers can make any for this server's address. */
  readonly isOffered: boolean
  readonly list: readonly Pick<Passkey, 'id' | 'name' | 'createdAtMs' | 'lastUsedAtMs'>[]
}

const mostPasskeys = 20
const maxNameChars = 60

/** Reads a person's own passkeys. */
export async function readOwnPasskeys(deps: ConsoleDeps, userId: number): Promise<OwnPasskeys> {
  const list = await deps.database.read(() => listPasskeys(userId))
  return { isOffered: passkeySite(deps) !== null, list }
}

/**
 * Begins to make a passkey; the password was confirmed before.
 * @returns what the browser is to be asked, as JSON
 * @throws AppError validation_failed, overloaded, or not_found - there are no passkeys here
 */
export async function beginPasskey(
  deps: ConsoleDeps,
  { user, hash }: ConsoleSession,
  name: string,
): Promise<{ readonly options: string; readonly name: string }> {
  const site = requirePasskeySite(deps)
  const given = checkName(name)
  const passkeys = await deps.database.read(() => listPasskeys(user.id))
  if (passkeys.length >= mostPasskeys) throw nameFault('You have 20 passkeys. Remove one first.')
  const challenge = await newChallenge(deps, { purpose: 'add', holder: hash })
  const owner = { ...user, handle: passkeyHandle(deps, user.id), passkeys }
  return { options: await creationOptions(site, owner, challenge), name: given }
}

/**
 * Adds the passkey that the browser has made, if this session asked for it within five minutes.
 * @throws AppError passkey_failed or validation_failed
 */
export async function addPasskey(
  deps: ConsoleDeps,
  session: ConsoleSession,
  sent: { readonly name: string; readonly answer: string; readonly address: string | null },
): Promise<OpenedSession> {
  const site = requirePasskeySite(deps)
  const { id: userId } = session.user
  const name = checkName(sent.name)
  const answer = readAnswer(sent.answer)
  const asked = { purpose: 'add', holder: session.hash } as const
  if (!(await takeChallenge(deps, answer.challenge, asked))) throw new AppError('passkey_failed')
  const made = await verifyCreation(site, answer)
  const isAdded = await deps.database.write(function* () {
    const createdAtMs = deps.clock.nowMs()
    const id = yield* insertPasskey({ ...made, userId, name, createdAtMs })
    if (id === null) return false
    const event = { action: 'passkey.add', userId, address: sent.address, details: { id, name } }
    yield* recordPerson(deps, event)
    return true
  })
  if (!isAdded) throw new AppError('passkey_failed')
  return renewConsoleSession(deps, session)
}

/**
 * Removes one of a person's own passkeys; the password, which stays as a way in, was confirmed
 * before.
 */
export async function removePasskey(
  deps: ConsoleDeps,
  session: ConsoleSession,
  wanted: { readonly id: number; readonly address: string | null },
): Promise<OpenedSession> {
  const { id, address } = wanted
  const userId = session.user.id
  await deps.database.write(function* () {
    const name = yield* deletePasskey(userId, id)
    if (name === null) return
    yield* recordPerson(deps, { action: 'passkey.remove', userId, address, details: { id, name } })
  })
  return renewConsoleSession(deps, session)
}

function checkName(typed: string): string {
  const name = typed.trim()
  if (name === '' || name.length > maxNameChars)
    throw nameFault('Give it a name of 1 to 60 characters.')
  return name
}

const nameFault = (message: string) =>
  new AppError('validation_failed', { errors: [{ pointer: '/passkey_name', message }] })
