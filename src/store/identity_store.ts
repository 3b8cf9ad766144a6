import type { Membership, Role } from '../model/user.ts'
import { int, intOrNull, text } from './columns.ts'
import type { Operation } from './database.ts'

/** Who somebody is at a provider: its issuer, and what it calls the person for good. */
export interface IdentityKey {
  readonly issuer: string
  readonly subject: string
}

/** An identity of a person, and when it was used last. */
export interface Identity extends IdentityKey {
  readonly lastLoginAtMs: number
}

/** Lists who a person is at providers. */
export function* listIdentities(userId: number): Operation<readonly Identity[]> {
  const rows = yield {
    sql: `SELECT issuer, subject, last_login_at_ms FROM user_identities WHERE user_id = $1
      ORDER BY issuer`,
    params: [userId],
  }
  return rows.map((row) => ({
    issuer: text(row, 'issuer'),
    subject: text(row, 'subject'),
    lastLoginAtMs: int(row, 'last_login_at_ms'),
  }))
}

/** The person an identity belongs to; null for nobody. */
export function* findIdentityUserId({ issuer, subject }: IdentityKey): Operation<number | null> {
  const [row] = yield {
    sql: 'SELECT user_id FROM user_identities WHERE issuer = $1 AND subject = $2',
    params: [issuer, subject],
  }
  return row === undefined ? null : int(row, 'user_id')
}

/**
 * Gives a person an identity; false where the person has another at the same provider, or the identity
 * is somebody's.
 */
export function* insertIdentity(
  { issuer, subject }: IdentityKey,
  userId: number,
  nowMs: number,
): Operation<boolean> {
  const rows = yield {
    sql: `INSERT INTO user_identities (issuer, subject, user_id, created_at_ms, last_login_at_ms)
      VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING RETURNING user_id`,
    params: [issuer, subject, userId, nowMs],
  }
  return rows.length > 0
}

/** Notes that a person came by an identity. */
export function* touchIdentity({ issuer, subject }: IdentityKey, nowMs: number): Operation<void> {
  yield {
    sql: 'UPDATE user_identities SET last_login_at_ms = $3 WHERE issuer = $1 AND subject = $2',
    params: [issuer, subject, nowMs],
  }
}

/** Where a person has a role, and whether groups gave it (`groups`) or somebody did (`hand`). */
export interface SourcedMembership extends Membership {
  readonly source: 'hand' | 'groups'
}

/** What a person is and where, with where that came from; the whole installation first. */
export function* listSourcedMemberships(userId: number): Operation<readonly SourcedMembership[]> {
  const rows = yield {
    sql: `SELECT user_id, project_id, role, source FROM memberships WHERE user_id = $1
      ORDER BY COALESCE(project_id, 0)`,
    params: [userId],
  }
  return rows.map((row) => ({
    userId: int(row, 'user_id'),
    projectId: intOrNull(row, 'project_id'),
    role: text(row, 'role') as Role,
    source: text(row, 'source') === 'groups' ? 'groups' : 'hand',
  }))
}

/** Gives a person the role that groups give; one that was given by hand stays as it is. */
export function* setGroupMembership(
  { userId, projectId, role }: Membership,
  nowMs: number,
): Operation<void> {
  yield {
    sql: `INSERT INTO memberships (user_id, project_id, role, created_at_ms, source)
      VALUES ($1, $2, $3, $4, 'groups')
      ON CONFLICT (user_id, COALESCE(project_id, 0)) DO UPDATE SET role = excluded.role
      WHERE memberships.source = 'groups'`,
    params: [userId, projectId, role, nowMs],
  }
}
