import { checkPasswordStrength, hashPassword } from '../crypto/password.ts'
import type { Membership, Role } from '../model/user.ts'
import {
  type ConsoleSessionRow,
  deleteConsoleSessionOf,
  deleteConsoleSessionsOf,
  listConsoleSessions,
} from '../store/console_session_store.ts'
import type { Operation } from '../store/database.ts'
import { findProject } from '../store/project_store.ts'
import { deleteSetupLinksOf } from '../store/setup_link_store.ts'
import { setPassword } from '../store/user_store.ts'
import {
  type ConsoleDeps,
  type ConsoleSession,
  type OpenedSession,
  renewConsoleSession,
  sessionIdleMs,
} from './console_session.ts'
import { confirmPassword } from './console_sign_in.ts'
import { listOwnConnections, type OwnConnection } from './own_connections.ts'
import { type OwnPasskeys, readOwnPasskeys } from './passkeys/own_passkeys.ts'
import { recordPerson } from './person_audit.ts'
import { type OwnSecondFactor, readSecondFactor } from './second_factor.ts'

/** A change of password as it was typed. */
export interface PasswordChange {
  readonly current: string
  readonly wanted: string
  readonly address: string | null
}

/**
 * Changes a person's own password. Every other session of the person ends, links for a new password
 * too, and this one goes on under another token (case 257).
 * @throws AppError sign_in_failed - the current password is another; weak_password
 */
export async function changePassword(
  deps: ConsoleDeps,
  session: ConsoleSession,
  change: PasswordChange,
): Promise<OpenedSession> {
  const { user } = session
  const { current, wanted, address } = change
  await confirmPassword(deps, session, { password: current, address })
  checkPasswordStrength(wanted, user.email)
  const hash = await hashPassword(wanted)
  await deps.database.write(function* () {
    yield* setPassword(user.id, hash)
    yield* deleteConsoleSessionsOf(user.id, session.id)
    yield* deleteSetupLinksOf(user.id)
    yield* recordPerson(deps, { action: 'user.change_password', userId: user.id, address })
  })
  return renewConsoleSession(deps, session)
}

/** What a person sees of the own account. */
export interface OwnAccount {
  /** `projectName` null: all projects. */
  readonly roles: readonly { readonly projectName: string | null; readonly role: Role }[]
  /** Where the person is signed in, newest first. */
  readonly sessions: readonly ConsoleSessionRow[]
  readonly connections: readonly OwnConnection[]
  readonly secondFactor: OwnSecondFactor
  readonly passkeys: OwnPasskeys
}

/** Reads a person's own account. */
export async function readOwnAccount(
  deps: ConsoleDeps,
  { user, memberships }: ConsoleSession,
): Promise<OwnAccount> {
  const since = { nowMs: deps.clock.nowMs(), idleMs: sessionIdleMs }
  const [roles, sessions, connections, secondFactor, passkeys] = await Promise.all([
    deps.database.read(() => namedRoles(memberships)),
    deps.database.read(() => listConsoleSessions(user.id, since)),
    listOwnConnections(deps, user.id),
    readSecondFactor(deps, user),
    readOwnPasskeys(deps, user.id),
  ])
  return { roles, sessions, connections, secondFactor, passkeys }
}

function* namedRoles(memberships: readonly Membership[]): Operation<OwnAccount['roles']> {
  const named: { projectName: string | null; role: Role }[] = []
  for (const { projectId, role } of memberships) {
    const project = projectId === null ? null : yield* findProject(projectId)
    named.push({ projectName: project?.name ?? null, role })
  }
  return named
}

/** Ends one of a person's own sessions; none of anyone else's. */
export async function endOwnSession(
  deps: ConsoleDeps,
  { user }: ConsoleSession,
  ended: { readonly id: number; readonly address: string | null },
): Promise<void> {
  const { id, address } = ended
  await deps.database.write(function* () {
    const isEnded = yield* deleteConsoleSessionOf(user.id, id)
    if (isEnded) yield* recordPerson(deps, { action: 'session.end', userId: user.id, address })
  })
}

/** Ends a person's sessions everywhere but here. */
export async function endOtherSessions(
  deps: ConsoleDeps,
  { user, id }: ConsoleSession,
  address: string | null,
): Promise<void> {
  await deps.database.write(function* () {
    yield* deleteConsoleSessionsOf(user.id, id)
    yield* recordPerson(deps, { action: 'session.end_others', userId: user.id, address })
  })
}
