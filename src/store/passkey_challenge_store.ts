import { int } from './columns.ts'
import type { Operation } from './database.ts'

/** What a passkey is asked to sign. */
export interface PasskeyChallenge {
  /** SHA-256 of the challenge's text. */
  readonly hash: Uint8Array
  readonly purpose: 'add' | 'sign_in'
  /** SHA-256 of what the browser's cookie holds that may answer it. */
  readonly holder: Uint8Array
}

/** Keeps a challenge; false where `most` are kept already. Forgets those too late. */
export function* insertPasskeyChallenge(
  { hash, purpose, holder }: PasskeyChallenge,
  times: { readonly nowMs: number; readonly expiresAtMs: number; readonly most: number },
): Operation<boolean> {
  const { nowMs, expiresAtMs, most } = times
  yield { sql: 'DELETE FROM passkey_challenges WHERE expires_at_ms <= $1', params: [nowMs] }
  const [counted] = yield { sql: 'SELECT COUNT(*) AS kept FROM passkey_challenges', params: [] }
  if (counted !== undefined && int(counted, 'kept') >= most) return false
  yield {
    sql: `INSERT INTO passkey_challenges (hash, purpose, holder, expires_at_ms)
      VALUES ($1, $2, $3, $4)`,
    params: [hash, purpose, holder, expiresAtMs],
  }
  return true
}

/** Takes a challenge out, once: false when it was answered, is too late, or is another browser's. */
export function* takePasskeyChallenge(
  { hash, purpose, holder }: PasskeyChallenge,
  nowMs: number,
): Operation<boolean> {
  const rows = yield {
    sql: `DELETE FROM passkey_challenges
      WHERE hash = $1 AND purpose = $2 AND holder = $3 AND expires_at_ms > $4 RETURNING hash`,
    params: [hash, purpose, holder, nowMs],
  }
  return rows.length > 0
}
