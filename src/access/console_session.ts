import { createHmac, timingSafeEqual } from 'node:crypto'
import type { MasterKey } from '../crypto/master_key.ts'
import { consoleSessionPrefix, hashPresentedToken, newToken } from '../crypto/opaque_token.ts'
import { AppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Membership, User } from '../model/user.ts'
import {
  type ConsoleSessionRow,
  deleteConsoleSession,
  deleteExpiredConsoleSessions,
  findConsoleSession,
  insertConsoleSession,
  promoteConsoleSession,
  type SessionStage,
  touchConsoleSession,
} from '../store/console_session_store.ts'
import type { Database, Operation } from '../store/database.ts'
import { findUser, listMemberships, touchLogin } from '../store/user_store.ts'
import { cookieValue } from './cookie_value.ts'
import { recordPerson } from './person_audit.ts'
import type { SignInRecord } from './sign_in_record.ts'
import type { SignInThrottle } from './sign_in_throttle.ts'

/** What people's sessions need of the house. */
export interface ConsoleDeps {
  readonly database: Database
  readonly clock: Clock
  readonly masterKey: MasterKey
  readonly throttle: SignInThrottle
  readonly record: SignInRecord
  /** An origin; known once the server listens. */
  readonly publicUrl: () => string
  /** Where the first owner's link is kept for who may read the data directory; null: nowhere. */
  readonly setupUrlPath: string | null
}

/** A person at a browser, on the way in or signed in. */
export interface ConsoleSession {
  readonly id: number
  readonly user: User
  readonly memberships: readonly Membership[]
  /** With `second_factor` nothing is allowed but to show it. */
  readonly stage: SessionStage
  /** What the forms of this session carry (case 259). */
  readonly csrfToken: string
  /** SHA-256 of its token. */
  readonly hash: Uint8Array
  readonly createdAtMs: number
  /** From where it was begun; null on the machine itself. */
  readonly address: string | null
}

/** Where a person sits. */
export interface Whereabouts {
  /** Null on the machine itself. */
  readonly address: string | null
  readonly userAgent: string | null
}

/** A session at its birth or under a new token: the only moment the token's text exists here. */
export interface OpenedSession {
  readonly token: string
  readonly stage: SessionStage
}

/** How long a session lasts whatever happens, and how long when nothing does (case 258). */
const absoluteMs = 12 * 60 * 60_000
/** A session that is not used for as long as this has ended. */
export const sessionIdleMs = 30 * 60_000
/** How long a person may look for the second factor. */
const secondFactorMs = 10 * 60_000
/** A page is many requests; one write a minute tells enough. */
const touchMs = 60_000

/**
 * The session a request's `Cookie` header names: alive, and its person not disabled; null otherwise.
 * Read from the store every time, so ending it counts from the next request on.
 */
export async function readConsoleSession(
  deps: ConsoleDeps,
  cookieHeader: string | null,
): Promise<ConsoleSession | null> {
  const hash = presentedHash(deps, cookieHeader)
  if (hash === null) return null
  const nowMs = deps.clock.nowMs()
  const session = await deps.database.read(() => findLiveSession(hash, nowMs))
  if (session === null) return null
  if (nowMs - session.lastSeenAtMs >= touchMs) {
    await deps.database.write(() => touchConsoleSession(session.id, nowMs), 'written')
  }
  return { ...session, csrfToken: csrfTokenOf(deps, hash) }
}

function presentedHash(deps: ConsoleDeps, cookieHeader: string | null): Uint8Array | null {
  const token = cookieValue(cookieHeader, cookieName(deps))
  return token?.startsWith(consoleSessionPrefix) ? hashPresentedToken(token) : null
}

type LiveSession = Omit<ConsoleSession, 'csrfToken'> & Pick<ConsoleSessionRow, 'lastSeenAtMs'>

function* findLiveSession(hash: Uint8Array, nowMs: number): Operation<LiveSession | null> {
  const row = yield* findConsoleSession(hash)
  if (row === null || nowMs >= row.expiresAtMs) return null
  if (nowMs - row.lastSeenAtMs >= sessionIdleMs) return null
  const user = yield* findUser(row.userId)
  if (user === null || user.isDisabled) return null
  const { id, stage, createdAtMs, lastSeenAtMs, address } = row
  const memberships = yield* listMemberships(user.id)
  return { id, stage, createdAtMs, lastSeenAtMs, address, hash, user, memberships }
}

const expiryOf = (stage: SessionStage, nowMs: number) =>
  nowMs + (stage === 'signed_in' ? absoluteMs : secondFactorMs)

/**
 * Begins a session under a token nobody has seen before; the one that the browser came with ends
 * (case 257).
 */
export async function openConsoleSession(
  deps: ConsoleDeps,
  person: { readonly userId: number; readonly stage: SessionStage },
  at: Whereabouts & { readonly cookieHeader: string | null },
): Promise<OpenedSession> {
  const { userId, stage } = person
  const { token, hash } = newToken(consoleSessionPrefix)
  const before = presentedHash(deps, at.cookieHeader)
  const nowMs = deps.clock.nowMs()
  await deps.database.write(function* () {
    yield* deleteExpiredConsoleSessions(nowMs, sessionIdleMs)
    if (before !== null) yield* deleteConsoleSession(before)
    yield* insertConsoleSession({
      hash,
      userId,
      stage,
      createdAtMs: nowMs,
      expiresAtMs: expiryOf(stage, nowMs),
      address: at.address,
      userAgent: at.userAgent?.slice(0, 300) ?? null,
    })
    if (stage === 'signed_in') yield* noteSignIn(deps, userId, at.address)
  })
  return { token, stage }
}

/**
 * Gives a session that has come further, or whose person's rights have changed, another token: the
 * old one is dead (case 257). @throws AppError not_signed_in - it has ended meanwhile
 */
export async function renewConsoleSession(
  deps: ConsoleDeps,
  session: ConsoleSession,
): Promise<OpenedSession> {
  const { token, hash } = newToken(consoleSessionPrefix)
  const nowMs = deps.clock.nowMs()
  const expiresAtMs =
    session.stage === 'signed_in' ? session.createdAtMs + absoluteMs : expiryOf('signed_in', nowMs)
  const promoted = { fromHash: session.hash, hash, stage: 'signed_in', nowMs, expiresAtMs } as const
  const isAlive = await deps.database.write(function* () {
    const isPromoted = yield* promoteConsoleSession(promoted)
    if (isPromoted && session.stage === 'second_factor') {
      yield* noteSignIn(deps, session.user.id, session.address)
    }
    return isPromoted
  })
  if (!isAlive) throw new AppError('not_signed_in')
  return { token, stage: 'signed_in' }
}

/** A person is in, past the second factor where there is one (case 264). */
function* noteSignIn(deps: ConsoleDeps, userId: number, address: string | null): Operation<void> {
  yield* touchLogin(userId, deps.clock.nowMs())
  yield* recordPerson(deps, { action: 'sign_in.succeeded', userId, address })
}

/** Ends a session. */
export async function endConsoleSession(deps: ConsoleDeps, session: ConsoleSession): Promise<void> {
  await deps.database.write(() => deleteConsoleSession(session.hash))
}

const csrfTokenOf = ({ masterKey }: ConsoleDeps, hash: Uint8Array) =>
  createHmac('sha256', masterKey.formKey).update(hash).digest('base64url')

/** Refuses a form that was not made for this session (case 259). @throws AppError csrf_failed */
export function checkCsrf(session: ConsoleSession, formToken: string | null): void {
  const expected = Buffer.from(session.csrfToken)
  const presented = Buffer.from(formToken ?? '')
  const isOwn = presented.length === expected.length && timingSafeEqual(presented, expected)
  if (!isOwn) throw new AppError('csrf_failed')
}

/**
 * Refuses a form that was sent from another site: its `Origin` is neither the public URL nor the very
 * host it was sent to; without one, `Sec-Fetch-Site` must say so (case 259). Other origins that may
 * call `/mcp` have no say here. @throws AppError csrf_failed
 */
export function checkSameOrigin(deps: ConsoleDeps, headers: Headers): void {
  const origin = headers.get('origin')
  if (origin === null) {
    if (headers.get('sec-fetch-site') === 'same-origin') return
    throw new AppError('csrf_failed')
  }
  const host = headers.get('host') ?? ''
  const own = [deps.publicUrl(), `http://${host}`, `https://${host}`]
  if (!own.includes(origin)) throw new AppError('csrf_failed')
}

/**
 * Browsers keep a `__Host-` cookie from other hosts and from anyone on the network; they do so over
 * https alone, or on loopback in some. A server that people reach over plain http has to do without.
 */
const isSecure = (deps: ConsoleDeps) => deps.publicUrl().startsWith('https:')
const cookieName = (deps: ConsoleDeps) =>
  isSecure(deps) ? '__Host-gatehouse' : 'gatehouse_session'

/** The `Set-Cookie` header that hands a session's token to the browser; null takes it away. */
export function sessionCookie(deps: ConsoleDeps, token: string | null): string {
  const age = token === null ? 0 : absoluteMs / 1000
  const secure = isSecure(deps) ? '; Secure' : ''
  return `${cookieName(deps)}=${token ?? ''}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure}`
}
