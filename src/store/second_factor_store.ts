import { blob, flag, int, text } from './columns.ts'
import type { Operation } from './database.ts'

/** A person's authenticator app. */
export interface SecondFactor {
  readonly userId: number
  readonly sealedSecret: Uint8Array
  /** Whether the person has shown that the app works; until then it is not asked for. */
  readonly isConfirmed: boolean
  /** The time step of the last code that was taken. */
  readonly lastUsedStep: number
  /** SHA-256 of the recovery codes that are left, in hex. */
  readonly recoveryHashes: readonly string[]
}

/** Finds a person's second factor, confirmed or not. */
export function* findSecondFactor(userId: number): Operation<SecondFactor | null> {
  const [row] = yield {
    sql: `SELECT sealed_totp_secret, is_confirmed, last_used_step, recovery_hashes
      FROM user_second_factors WHERE user_id = $1`,
    params: [userId],
  }
  if (row === undefined) return null
  return {
    userId,
    sealedSecret: blob(row, 'sealed_totp_secret'),
    isConfirmed: flag(row, 'is_confirmed'),
    lastUsedStep: int(row, 'last_used_step'),
    recoveryHashes: JSON.parse(text(row, 'recovery_hashes')) as string[],
  }
}

/** Writes a secret that is yet to be confirmed; a confirmed one stays. */
export function* putUnconfirmedFactor(
  userId: number,
  sealedSecret: Uint8Array,
  nowMs: number,
): Operation<boolean> {
  const rows = yield {
    sql: `INSERT INTO user_second_factors
        (user_id, sealed_totp_secret, is_confirmed, last_used_step, recovery_hashes, created_at_ms)
      VALUES ($1, $2, 0, 0, '[]', $3)
      ON CONFLICT (user_id) DO UPDATE SET sealed_totp_secret = excluded.sealed_totp_secret,
        created_at_ms = excluded.created_at_ms
      WHERE user_second_factors.is_confirmed = 0
      RETURNING user_id`,
    params: [userId, sealedSecret, nowMs],
  }
  return rows.length > 0
}

/**
 * Takes the code of a time step, once: false when that step or a later one was taken before. Of two
 * at the same moment one is taken.
 */
export function* takeStep(userId: number, step: number): Operation<boolean> {
  const rows = yield {
    sql: `UPDATE user_second_factors SET last_used_step = $2
      WHERE user_id = $1 AND last_used_step < $2 RETURNING user_id`,
    params: [userId, step],
  }
  return rows.length > 0
}

/** Has a second factor asked for from now on. */
export function* confirmFactor(userId: number): Operation<void> {
  yield {
    sql: 'UPDATE user_second_factors SET is_confirmed = 1 WHERE user_id = $1',
    params: [userId],
  }
}

/** Writes the recovery codes that are left. */
export function* setRecoveryHashes(userId: number, hashes: readonly string[]): Operation<void> {
  yield {
    sql: 'UPDATE user_second_factors SET recovery_hashes = $2 WHERE user_id = $1',
    params: [userId, JSON.stringify(hashes)],
  }
}

/** Takes a recovery code, once; false when it is none of those left. */
export function* takeRecoveryCode(userId: number, hash: string): Operation<boolean> {
  const factor = yield* findSecondFactor(userId)
  if (!factor?.recoveryHashes.includes(hash)) return false
  yield* setRecoveryHashes(
    userId,
    factor.recoveryHashes.filter((each) => each !== hash),
  )
  return true
}

/** Forgets a person's second factor; false when there was none. */
export function* deleteSecondFactor(userId: number): Operation<boolean> {
  const rows = yield {
    sql: 'DELETE FROM user_second_factors WHERE user_id = $1 RETURNING user_id',
    params: [userId],
  }
  return rows.length > 0
}
