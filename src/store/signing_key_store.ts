import type { SigningKey } from '../model/signing_key.ts'
import { blob, int, intOrNull, text } from './columns.ts'
import type { Operation, Row } from './database.ts'

const COLUMNS = 'kid, public_key, sealed_private_key, created_at_ms, not_after_ms'

/** A signing key with its private half, sealed. */
export interface StoredSigningKey extends SigningKey {
  readonly sealedPrivateKey: Uint8Array
}

/** Finds the key that signs now; null before the first. */
export function* findCurrentSigningKey(): Operation<StoredSigningKey | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM signing_keys WHERE not_after_ms IS NULL`,
    params: [],
  }
  return row === undefined ? null : signingKeyOf(row)
}

/** Finds a key by its `kid`, current or not. */
export function* findSigningKey(kid: string): Operation<StoredSigningKey | null> {
  const [row] = yield { sql: `SELECT ${COLUMNS} FROM signing_keys WHERE kid = $1`, params: [kid] }
  return row === undefined ? null : signingKeyOf(row)
}

/** Lists every key whose signatures count at that moment, the current one first. */
export function* listLiveSigningKeys(nowMs: number): Operation<readonly StoredSigningKey[]> {
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM signing_keys WHERE not_after_ms IS NULL OR not_after_ms > $1
      ORDER BY not_after_ms IS NOT NULL, created_at_ms DESC, kid`,
    params: [nowMs],
  }
  return rows.map(signingKeyOf)
}

/** What a new signing key starts with. */
export type NewSigningKey = Omit<StoredSigningKey, 'notAfterMs'>

/** Inserts a key as the current one, unless there is one; yields whichever is current then. */
export function* insertFirstSigningKey(key: NewSigningKey): Operation<StoredSigningKey | null> {
  if ((yield* findCurrentSigningKey()) === null) yield* insertSigningKey(key)
  return yield* findCurrentSigningKey()
}

/** Puts a new key in place of the current one, whose signatures then count until `notAfterMs`. */
export function* replaceSigningKey(key: NewSigningKey, notAfterMs: number): Operation<void> {
  // No earlier rotation outlives this one: a rotation without overlap ends every older key.
  yield {
    sql: `UPDATE signing_keys SET not_after_ms = $1
      WHERE not_after_ms IS NULL OR not_after_ms > $1`,
    params: [notAfterMs],
  }
  yield* insertSigningKey(key)
}

function* insertSigningKey(key: NewSigningKey): Operation<void> {
  yield {
    sql: `INSERT INTO signing_keys (kid, public_key, sealed_private_key, created_at_ms)
      VALUES ($1, $2, $3, $4)`,
    params: [key.kid, key.publicJwk, key.sealedPrivateKey, key.createdAtMs],
  }
}

function signingKeyOf(row: Row): StoredSigningKey {
  return {
    kid: text(row, 'kid'),
    publicJwk: text(row, 'public_key'),
    sealedPrivateKey: blob(row, 'sealed_private_key'),
    createdAtMs: int(row, 'created_at_ms'),
    notAfterMs: intOrNull(row, 'not_after_ms'),
  }
}
