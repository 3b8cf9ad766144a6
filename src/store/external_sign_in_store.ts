import { blob, int } from './columns.ts'
import type { Operation } from './database.ts'

/** A sign-in that went to the provider and has not come back. */
export interface PendingSignIn {
  /** SHA-256 of what the browser's cookie holds. */
  readonly hash: Uint8Array
  /** What must fit when it comes back. */
  readonly sealed: Uint8Array
  readonly expiresAtMs: number
}

/** Keeps a sign-in until it comes back; false where `most` are kept already. Forgets those too late. */
export function* insertPendingSignIn(
  { hash, sealed, expiresAtMs }: PendingSignIn,
  { nowMs, most }: { readonly nowMs: number; readonly most: number },
): Operation<boolean> {
  yield { sql: 'DELETE FROM external_sign_ins WHERE expires_at_ms <= $1', params: [nowMs] }
  const [counted] = yield { sql: 'SELECT COUNT(*) AS pending FROM external_sign_ins', params: [] }
  if (counted !== undefined && int(counted, 'pending') >= most) return false
  yield {
    sql: 'INSERT INTO external_sign_ins (hash, sealed, expires_at_ms) VALUES ($1, $2, $3)',
    params: [hash, sealed, expiresAtMs],
  }
  return true
}

/** Takes a sign-in out, once: null when it came back before, is too late, or never was. */
export function* takePendingSignIn(hash: Uint8Array, nowMs: number): Operation<Uint8Array | null> {
  const [row] = yield {
    sql: 'DELETE FROM external_sign_ins WHERE hash = $1 AND expires_at_ms > $2 RETURNING sealed',
    params: [hash, nowMs],
  }
  return row === undefined ? null : blob(row, 'sealed')
}
