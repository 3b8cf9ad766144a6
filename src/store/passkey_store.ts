import { blob, int, intOrNull, text } from './columns.ts'
import type { Operation, Row } from './database.ts'

/** A key pair on a person's device, whose public half is known here (WebAuthn Level 3 §4). */
export interface Passkey {
  readonly id: number
  readonly userId: number
  readonly credentialId: Uint8Array
  /** In COSE form (RFC 9052 §7). */
  readonly publicKey: Uint8Array
  /** How often the device says it was used; 0 for one that does not count. */
  readonly counter: number
  readonly name: string
  /** How a browser reaches the device. */
  readonly transports: readonly string[]
  readonly createdAtMs: number
  readonly lastUsedAtMs: number | null
}

const columns = `id, user_id, credential_id, public_key, counter, name, transports, created_at_ms,
  last_used_at_ms`

const passkeyOf = (row: Row): Passkey => ({
  id: int(row, 'id'),
  userId: int(row, 'user_id'),
  credentialId: blob(row, 'credential_id'),
  publicKey: blob(row, 'public_key'),
  counter: int(row, 'counter'),
  name: text(row, 'name'),
  transports: JSON.parse(text(row, 'transports')) as string[],
  createdAtMs: int(row, 'created_at_ms'),
  lastUsedAtMs: intOrNull(row, 'last_used_at_ms'),
})

/** Lists a person's passkeys, oldest first. */
export function* listPasskeys(userId: number): Operation<readonly Passkey[]> {
  const rows = yield {
    sql: `SELECT ${columns} FROM passkeys WHERE user_id = $1 ORDER BY id`,
    params: [userId],
  }
  return rows.map(passkeyOf)
}

/** Finds a passkey by the id its device gave it. */
export function* findPasskey(credentialId: Uint8Array): Operation<Passkey | null> {
  const [row] = yield {
    sql: `SELECT ${columns} FROM passkeys WHERE credential_id = $1`,
    params: [credentialId],
  }
  return row === undefined ? null : passkeyOf(row)
}

/** Writes a new passkey; null where the credential is known already, whosever it is. */
export function* insertPasskey(
  passkey: Omit<Passkey, 'id' | 'lastUsedAtMs'>,
): Operation<number | null> {
  const { userId, credentialId, publicKey, counter, name, transports, createdAtMs } = passkey
  const [row] = yield {
    sql: `INSERT INTO passkeys
        (user_id, credential_id, public_key, counter, name, transports, created_at_ms)
      VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential_id) DO NOTHING RETURNING id`,
    params: [
      ...[userId, credentialId, publicKey, counter],
      ...[name, JSON.stringify(transports), createdAtMs],
    ],
  }
  return row === undefined ? null : int(row, 'id')
}

/**
 * Notes a use. A device that counts must have counted on: of two uses with the same count one is
 * taken. @returns false where the passkey is gone or its count stood still
 */
export function* notePasskeyUse(
  id: number,
  use: { readonly counter: number; readonly nowMs: number },
): Operation<boolean> {
  const rows = yield {
    sql: `UPDATE passkeys SET counter = $2, last_used_at_ms = $3
      WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0)) RETURNING id`,
    params: [id, use.counter, use.nowMs],
  }
  return rows.length > 0
}

/** Forgets one of a person's passkeys; yields its name, or null where the person has no such. */
export function* deletePasskey(userId: number, id: number): Operation<string | null> {
  const [row] = yield {
    sql: 'DELETE FROM passkeys WHERE user_id = $1 AND id = $2 RETURNING name',
    params: [userId, id],
  }
  return row === undefined ? null : text(row, 'name')
}

/** Forgets all passkeys of a person. */
export function* deletePasskeysOf(userId: number): Operation<void> {
  yield { sql: 'DELETE FROM passkeys WHERE user_id = $1', params: [userId] }
}
