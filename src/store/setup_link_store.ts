import { int, intOrNull, text } from './columns.ts'
import type { Operation, Row } from './database.ts'

/** What a one-time link is for: the first owner's account, a new person's, a new password. */
export type SetupPurpose = 'setup' | 'invite' | 'reset'

/** A one-time link. */
export interface SetupLink {
  readonly purpose: SetupPurpose
  /** Null for the first owner, whose account is yet to be made. */
  readonly userId: number | null
  readonly expiresAtMs: number
  readonly usedAtMs: number | null
}

/** Inserts a link in place of the person's unused ones, of whatever purpose. */
export function* insertSetupLink(
  hash: Uint8Array,
  link: Pick<SetupLink, 'purpose' | 'userId' | 'expiresAtMs'>,
): Operation<void> {
  yield {
    sql: `DELETE FROM setup_links
      WHERE used_at_ms IS NULL AND COALESCE(user_id, 0) = COALESCE($1, 0)`,
    params: [link.userId],
  }
  yield {
    sql: 'INSERT INTO setup_links (hash, purpose, user_id, expires_at_ms) VALUES ($1, $2, $3, $4)',
    params: [hash, link.purpose, link.userId, link.expiresAtMs],
  }
}

/** Finds a link by the hash of its token, used or not. */
export function* findSetupLink(hash: Uint8Array): Operation<SetupLink | null> {
  const [row] = yield {
    sql: 'SELECT purpose, user_id, expires_at_ms, used_at_ms FROM setup_links WHERE hash = $1',
    params: [hash],
  }
  return row === undefined ? null : linkOf(row)
}

/** Uses a link up, once: null when it was used, is over, or there is none. */
export function* consumeSetupLink(hash: Uint8Array, nowMs: number): Operation<SetupLink | null> {
  const [row] = yield {
    sql: `UPDATE setup_links SET used_at_ms = $2
      WHERE hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2
      RETURNING purpose, user_id, expires_at_ms, used_at_ms`,
    params: [hash, nowMs],
  }
  return row === undefined ? null : linkOf(row)
}

/** Takes back a person's unused links. */
export function* deleteSetupLinksOf(userId: number): Operation<void> {
  yield {
    sql: 'DELETE FROM setup_links WHERE user_id = $1 AND used_at_ms IS NULL',
    params: [userId],
  }
}

const linkOf = (row: Row): SetupLink => ({
  purpose: text(row, 'purpose') as SetupPurpose,
  userId: intOrNull(row, 'user_id'),
  expiresAtMs: int(row, 'expires_at_ms'),
  usedAtMs: intOrNull(row, 'used_at_ms'),
})
