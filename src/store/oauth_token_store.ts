import { blob, blobOrNull, flag, int, intOrNull, text } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { scopesColumn } from './grant_store.ts'

/** An authorization code: what its redemption is checked against. */
export interface AuthorizationCode {
  readonly hash: Uint8Array
  readonly grantId: string
  readonly redirectUri: string
  /** base64url of the SHA-256 of the verifier (RFC 7636 §4.2). */
  readonly codeChallenge: string
  /** Whether the request named its resource; its redemption must then do so too (RFC 8707 §2.2). */
  readonly namesResource: boolean
  /** The console session it was approved in: signing out takes it back (case 133). */
  readonly sessionId: number
  readonly expiresAtMs: number
}

/** An authorization code as it is kept. */
export interface KeptCode extends AuthorizationCode {
  /** When it was first presented; null: never. */
  readonly usedAtMs: number | null
  /** Whether whoever approved it is still signed in. */
  readonly isSessionThere: boolean
}

/** Inserts a code. */
export function* insertCode(code: AuthorizationCode): Operation<void> {
  yield {
    sql: `INSERT INTO authorization_codes (hash, grant_id, redirect_uri, code_challenge,
        names_resource, session_id, expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    params: [
      code.hash,
      code.grantId,
      code.redirectUri,
      code.codeChallenge,
      code.namesResource ? 1 : 0,
      code.sessionId,
      code.expiresAtMs,
    ],
  }
}

/** Finds a code, used or not. */
export function* findCode(hash: Uint8Array): Operation<KeptCode | null> {
  const [row] = yield {
    sql: `SELECT hash, grant_id, redirect_uri, code_challenge, names_resource, session_id,
        expires_at_ms, used_at_ms,
        (SELECT COUNT(*) FROM console_sessions s WHERE s.id = session_id) AS is_session_there
      FROM authorization_codes WHERE hash = $1`,
    params: [hash],
  }
  return row === undefined ? null : codeOf(row)
}

/** Uses a code up; false for all but the first who asks (reliability.md case 98). */
export function* takeCode(hash: Uint8Array, nowMs: number): Operation<boolean> {
  const rows = yield {
    sql: `UPDATE authorization_codes SET used_at_ms = $2
      WHERE hash = $1 AND used_at_ms IS NULL RETURNING grant_id`,
    params: [hash, nowMs],
  }
  return rows.length > 0
}

/**
 * The grant that came of the same request for authorization: a challenge belongs to one request, so
 * that approving it twice is approving it once (case 132).
 */
export function* findGrantIdByChallenge(codeChallenge: string): Operation<string | null> {
  const [row] = yield {
    sql: `SELECT grant_id FROM authorization_codes WHERE code_challenge = $1
      ORDER BY expires_at_ms DESC LIMIT 1`,
    params: [codeChallenge],
  }
  return row === undefined ? null : text(row, 'grant_id')
}

/** Takes codes of a grant back that nobody has used. */
export function* deleteUnusedCodes(grantId: string): Operation<void> {
  yield {
    sql: 'DELETE FROM authorization_codes WHERE grant_id = $1 AND used_at_ms IS NULL',
    params: [grantId],
  }
}

/** An access token. */
export interface AccessToken {
  readonly hash: Uint8Array
  readonly grantId: string
  readonly scopes: readonly string[]
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/** Inserts an access token. */
export function* insertAccessToken(token: AccessToken): Operation<void> {
  yield {
    sql: `INSERT INTO access_tokens (hash, grant_id, scopes, created_at_ms, expires_at_ms)
      VALUES ($1, $2, $3, $4, $5)`,
    params: [
      token.hash,
      token.grantId,
      scopesColumn(token.scopes),
      token.createdAtMs,
      token.expiresAtMs,
    ],
  }
}

/** Ends one access token from this commit on. */
export function* deleteAccessToken(hash: Uint8Array): Operation<void> {
  yield { sql: 'DELETE FROM access_tokens WHERE hash = $1', params: [hash] }
}

/** A refresh token. */
export interface RefreshToken {
  readonly hash: Uint8Array
  readonly grantId: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/** A refresh token as it is kept: used ones tell a thief from the one who was robbed. */
export interface KeptRefreshToken extends RefreshToken {
  readonly usedAtMs: number | null
  /** The token that took its place, sealed; null before, and once nobody may ask for it again. */
  readonly sealedSuccessor: Uint8Array | null
}

/** Inserts a refresh token. */
export function* insertRefreshToken(token: RefreshToken): Operation<void> {
  yield {
    sql: `INSERT INTO refresh_tokens (hash, grant_id, created_at_ms, expires_at_ms)
      VALUES ($1, $2, $3, $4)`,
    params: [token.hash, token.grantId, token.createdAtMs, token.expiresAtMs],
  }
}

/** Finds a refresh token, used or not. */
export function* findRefreshToken(hash: Uint8Array): Operation<KeptRefreshToken | null> {
  const [row] = yield {
    sql: `SELECT hash, grant_id, created_at_ms, expires_at_ms, used_at_ms, sealed_successor
      FROM refresh_tokens WHERE hash = $1`,
    params: [hash],
  }
  return row === undefined ? null : refreshTokenOf(row)
}

/** What becomes of a refresh token that is used. */
export interface RefreshUse {
  readonly hash: Uint8Array
  readonly nowMs: number
  readonly sealedSuccessor: Uint8Array
}

/** Uses a refresh token up; false for all but the first who asks (reliability.md case 103). */
export function* takeRefreshToken(use: RefreshUse): Operation<boolean> {
  const rows = yield {
    sql: `UPDATE refresh_tokens SET used_at_ms = $2, sealed_successor = $3
      WHERE hash = $1 AND used_at_ms IS NULL RETURNING grant_id`,
    params: [use.hash, use.nowMs, use.sealedSuccessor],
  }
  return rows.length > 0
}

/** Forgets the successors of a grant's tokens that were used before this moment. */
export function* forgetSuccessors(grantId: string, usedBeforeMs: number): Operation<void> {
  yield {
    sql: `UPDATE refresh_tokens SET sealed_successor = NULL
      WHERE grant_id = $1 AND used_at_ms < $2 AND sealed_successor IS NOT NULL`,
    params: [grantId, usedBeforeMs],
  }
}

/** How long a successor may be asked for again, in ms (wire.md §8; reliability.md case 102). */
export const successorGraceMs = 10_000

/**
 * Deletes what has expired and tells nothing any more: access tokens at once, codes a day after, used
 * refresh tokens when they would have expired unused. Reads whole tables: for now and then.
 */
export function* deleteExpiredTokens(nowMs: number): Operation<void> {
  yield { sql: 'DELETE FROM access_tokens WHERE expires_at_ms <= $1', params: [nowMs] }
  yield { sql: 'DELETE FROM refresh_tokens WHERE expires_at_ms <= $1', params: [nowMs] }
  yield {
    sql: 'DELETE FROM authorization_codes WHERE expires_at_ms <= $1',
    params: [nowMs - DAY_MS],
  }
  yield {
    sql: `UPDATE refresh_tokens SET sealed_successor = NULL
      WHERE sealed_successor IS NOT NULL AND used_at_ms < $1`,
    params: [nowMs - successorGraceMs],
  }
}

const DAY_MS = 86_400_000

function codeOf(row: Row): KeptCode {
  return {
    hash: blob(row, 'hash'),
    grantId: text(row, 'grant_id'),
    redirectUri: text(row, 'redirect_uri'),
    codeChallenge: text(row, 'code_challenge'),
    namesResource: flag(row, 'names_resource'),
    sessionId: int(row, 'session_id'),
    isSessionThere: flag(row, 'is_session_there'),
    expiresAtMs: int(row, 'expires_at_ms'),
    usedAtMs: intOrNull(row, 'used_at_ms'),
  }
}

function refreshTokenOf(row: Row): KeptRefreshToken {
  return {
    hash: blob(row, 'hash'),
    grantId: text(row, 'grant_id'),
    createdAtMs: int(row, 'created_at_ms'),
    expiresAtMs: int(row, 'expires_at_ms'),
    usedAtMs: intOrNull(row, 'used_at_ms'),
    sealedSuccessor: blobOrNull(row, 'sealed_successor'),
  }
}
