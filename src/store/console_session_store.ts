import { blob, int, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'

/** How far a person has come with signing in. */
export type SessionStage = 'second_factor' | 'signed_in'

/** One place where a person is signed in, or about to be. */
export interface ConsoleSessionRow {
  readonly id: number
  readonly hash: Uint8Array
  readonly userId: number
  readonly stage: SessionStage
  readonly createdAtMs: number
  readonly lastSeenAtMs: number
  readonly expiresAtMs: number
  readonly address: string | null
  readonly userAgent: string | null
}

/** What a new session is made of; it was seen at its birth. */
export type NewConsoleSession = Omit<ConsoleSessionRow, 'id' | 'lastSeenAtMs'>

const COLUMNS = `id, hash, user_id, stage, created_at_ms, last_seen_at_ms, expires_at_ms, address,
  user_agent`

/** Inserts a session; yields its id. */
export function* insertConsoleSession(session: NewConsoleSession): Operation<number> {
  const { hash, userId, stage, createdAtMs, expiresAtMs, address, userAgent } = session
  const [row] = yield {
    sql: `INSERT INTO console_sessions (hash, user_id, stage, created_at_ms, last_seen_at_ms,
        expires_at_ms, address, user_agent)
      VALUES ($1, $2, $3, $4, $4, $5, $6, $7) RETURNING id`,
    params: [hash, userId, stage, createdAtMs, expiresAtMs, address, userAgent],
  }
  return row === undefined ? 0 : int(row, 'id')
}

/** Finds a session by the hash of its token, ended or not. */
export function* findConsoleSession(hash: Uint8Array): Operation<ConsoleSessionRow | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM console_sessions WHERE hash = $1`,
    params: [hash],
  }
  return row === undefined ? null : sessionOf(row)
}

/** A person's sessions that have not ended by their own time, newest first; 100 at most. */
export function* listConsoleSessions(
  userId: number,
  since: { readonly nowMs: number; readonly idleMs: number },
): Operation<readonly ConsoleSessionRow[]> {
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM console_sessions
      WHERE user_id = $1 AND expires_at_ms > $2 AND last_seen_at_ms > $3
      ORDER BY id DESC LIMIT 100`,
    params: [userId, since.nowMs, since.nowMs - since.idleMs],
  }
  return rows.map(sessionOf)
}

/** Notes that a session was used. */
export function* touchConsoleSession(id: number, nowMs: number): Operation<void> {
  yield {
    sql: 'UPDATE console_sessions SET last_seen_at_ms = $2 WHERE id = $1',
    params: [id, nowMs],
  }
}

/** What becomes of a session whose person's standing has changed. */
export interface PromotedSession {
  readonly fromHash: Uint8Array
  readonly hash: Uint8Array
  readonly stage: SessionStage
  readonly nowMs: number
  readonly expiresAtMs: number
}

/** Gives a session another token and stage; the old token is dead. False when it is dead already. */
export function* promoteConsoleSession(promoted: PromotedSession): Operation<boolean> {
  const { fromHash, hash, stage, nowMs, expiresAtMs } = promoted
  const rows = yield {
    sql: `UPDATE console_sessions
      SET hash = $2, stage = $3, last_seen_at_ms = $4, expires_at_ms = $5
      WHERE hash = $1 RETURNING id`,
    params: [fromHash, hash, stage, nowMs, expiresAtMs],
  }
  return rows.length > 0
}

/** Ends a session by the hash of its token. */
export function* deleteConsoleSession(hash: Uint8Array): Operation<void> {
  yield { sql: 'DELETE FROM console_sessions WHERE hash = $1', params: [hash] }
}

/** Ends one session of a person; false when the person has no such session. */
export function* deleteConsoleSessionOf(userId: number, id: number): Operation<boolean> {
  const rows = yield {
    sql: 'DELETE FROM console_sessions WHERE user_id = $1 AND id = $2 RETURNING id',
    params: [userId, id],
  }
  return rows.length > 0
}

/** Ends every session of a person, but for one where that is named. */
export function* deleteConsoleSessionsOf(
  userId: number,
  exceptId: number | null = null,
): Operation<void> {
  yield {
    sql: 'DELETE FROM console_sessions WHERE user_id = $1 AND id <> COALESCE($2, 0)',
    params: [userId, exceptId],
  }
}

/** Forgets sessions whose time is over. */
export function* deleteExpiredConsoleSessions(nowMs: number, idleMs: number): Operation<void> {
  yield {
    sql: 'DELETE FROM console_sessions WHERE expires_at_ms <= $1 OR last_seen_at_ms <= $2',
    params: [nowMs, nowMs - idleMs],
  }
}

function sessionOf(row: Row): ConsoleSessionRow {
  return {
    id: int(row, 'id'),
    hash: blob(row, 'hash'),
    userId: int(row, 'user_id'),
    stage: text(row, 'stage') === 'signed_in' ? 'signed_in' : 'second_factor',
    createdAtMs: int(row, 'created_at_ms'),
    lastSeenAtMs: int(row, 'last_seen_at_ms'),
    expiresAtMs: int(row, 'expires_at_ms'),
    address: textOrNull(row, 'address'),
    userAgent: textOrNull(row, 'user_agent'),
  }
}
