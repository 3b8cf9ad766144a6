import type { Membership, Role, User } from '../model/user.ts'
import { flag, int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

const COLUMNS = `id, email, name, password_hash IS NOT NULL AS has_password, is_disabled,
  created_at_ms, last_login_at_ms`

/** Addresses that differ in case alone are one person's. */
const folded = (email: string) => email.normalize('NFKC').toLowerCase()

/** What a new person starts with. */
export interface NewUser {
  readonly email: string
  readonly name: string
  /** Null until the person chooses a password. */
  readonly passwordHash: string | null
  readonly nowMs: number
}

/** Inserts a person; null when the email is taken. */
export function* insertUser({ email, name, passwordHash, nowMs }: NewUser): Operation<User | null> {
  const [row] = yield {
    sql: `INSERT INTO users (email, email_folded, name, password_hash, is_disabled, created_at_ms)
      VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    params: [email, folded(email), name, passwordHash, nowMs],
  }
  return row === undefined ? null : userOf(row)
}

/** Finds a person by id. */
export function* findUser(id: number): Operation<User | null> {
  const [row] = yield { sql: `SELECT ${COLUMNS} FROM users WHERE id = $1`, params: [id] }
  return row === undefined ? null : userOf(row)
}

/** Finds a person by email, whatever its case. */
export function* findUserByEmail(email: string): Operation<User | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM users WHERE email_folded = $1`,
    params: [folded(email)],
  }
  return row === undefined ? null : userOf(row)
}

/** The hash of a person's password; null where there is none. */
export function* findPasswordHash(userId: number): Operation<string | null> {
  const [row] = yield { sql: 'SELECT password_hash FROM users WHERE id = $1', params: [userId] }
  return row === undefined ? null : textOrNull(row, 'password_hash')
}

/** Which people a list shows; a null filter admits all. */
export interface UserFilter {
  /** Those with a role in this very project. */
  readonly projectId: number | null
  readonly email: string | null
}

/** Lists people by id, from after `position`. */
export function* listUsers(
  { projectId, email }: UserFilter,
  limit: number,
  position: string | null,
): Operation<Page<User>> {
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM users u WHERE u.id > $1
      AND (CAST($2 AS BIGINT) IS NULL
        OR EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id AND m.project_id = $2))
      AND (CAST($3 AS TEXT) IS NULL OR u.email_folded = $3)
      ORDER BY u.id LIMIT $4`,
    params: [Number(position ?? 0), projectId, email === null ? null : folded(email), limit + 1],
  }
  return pageOf(rows.map(userOf), limit, (user) => String(user.id))
}

/** Writes a person's changeable columns. */
export function* updateUser(
  user: Pick<User, 'id' | 'name' | 'isDisabled'>,
): Operation<User | null> {
  const [row] = yield {
    sql: `UPDATE users SET name = $2, is_disabled = $3 WHERE id = $1 RETURNING ${COLUMNS}`,
    params: [user.id, user.name, user.isDisabled ? 1 : 0],
  }
  return row === undefined ? null : userOf(row)
}

/** Writes the hash of a person's password. */
export function* setPassword(userId: number, passwordHash: string): Operation<void> {
  yield { sql: 'UPDATE users SET password_hash = $2 WHERE id = $1', params: [userId, passwordHash] }
}

/** Notes that a person has signed in. */
export function* touchLogin(userId: number, nowMs: number): Operation<void> {
  yield { sql: 'UPDATE users SET last_login_at_ms = $2 WHERE id = $1', params: [userId, nowMs] }
}

/** What a person is and where; the whole installation first. */
export function* listMemberships(userId: number): Operation<readonly Membership[]> {
  const rows = yield {
    sql: `SELECT user_id, project_id, role FROM memberships WHERE user_id = $1
      ORDER BY COALESCE(project_id, 0)`,
    params: [userId],
  }
  return rows.map(membershipOf)
}

/** Gives a person a role in a project, or with `projectId` null in all; it replaces the one before. */
export function* setMembership(
  { userId, projectId, role }: Membership,
  nowMs: number,
): Operation<void> {
  yield {
    sql: `INSERT INTO memberships (user_id, project_id, role, created_at_ms) VALUES ($1, $2, $3, $4)
      ON CONFLICT (user_id, COALESCE(project_id, 0)) DO UPDATE
        SET role = excluded.role, source = 'hand'`,
    params: [userId, projectId, role, nowMs],
  }
}

/** Takes a person's role in a project away; false when there was none. */
export function* deleteMembership(userId: number, projectId: number | null): Operation<boolean> {
  const rows = yield {
    sql: `DELETE FROM memberships WHERE user_id = $1 AND COALESCE(project_id, 0) = COALESCE($2, 0)
      RETURNING id`,
    params: [userId, projectId],
  }
  return rows.length > 0
}

/**
 * How many people own the whole installation and can sign in. One who was invited and never came
 * does not count.
 */
export function* countOwners(): Operation<number> {
  const [row] = yield {
    sql: `SELECT COUNT(*) AS owners FROM users u JOIN memberships m ON m.user_id = u.id
      WHERE m.project_id IS NULL AND m.role = 'owner' AND u.is_disabled = 0
        AND (u.password_hash IS NOT NULL OR u.last_login_at_ms IS NOT NULL)`,
    params: [],
  }
  return row === undefined ? 0 : int(row, 'owners')
}

const membershipOf = (row: Row): Membership => ({
  userId: int(row, 'user_id'),
  projectId: intOrNull(row, 'project_id'),
  role: text(row, 'role') as Role,
})

function userOf(row: Row): User {
  return {
    id: int(row, 'id'),
    email: text(row, 'email'),
    name: text(row, 'name'),
    hasPassword: flag(row, 'has_password'),
    isDisabled: flag(row, 'is_disabled'),
    createdAtMs: int(row, 'created_at_ms'),
    lastLoginAtMs: intOrNull(row, 'last_login_at_ms'),
  }
}
