import type { AdminToken } from '../model/admin_token.ts'
import { int, intOrNull, text } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

const COLUMNS = 'id, project_id, name, last4, created_at_ms, expires_at_ms'

/** What a new admin token starts with. */
export interface NewAdminToken {
  readonly projectId: number | null
  readonly name: string
  readonly hash: Uint8Array
  readonly last4: string
  readonly expiresAtMs: number | null
  readonly nowMs: number
}

/** Inserts an admin token. */
export function* insertAdminToken(input: NewAdminToken): Operation<AdminToken | null> {
  const [row] = yield {
    sql: `INSERT INTO admin_tokens (project_id, name, hash, last4, created_at_ms, expires_at_ms)
      VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
    params: [input.projectId, input.name, input.hash, input.last4, input.nowMs, input.expiresAtMs],
  }
  return row === undefined ? null : adminTokenOf(row)
}

/** Finds a token that is not revoked by the hash of its text; never cached. */
export function* findAdminTokenByHash(hash: Uint8Array): Operation<AdminToken | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM admin_tokens WHERE hash = $1 AND revoked_at_ms IS NULL`,
    params: [hash],
  }
  return row === undefined ? null : adminTokenOf(row)
}

/** Finds a token that is not revoked by id. */
export function* findAdminToken(id: number): Operation<AdminToken | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM admin_tokens WHERE id = $1 AND revoked_at_ms IS NULL`,
    params: [id],
  }
  return row === undefined ? null : adminTokenOf(row)
}

/** Lists the tokens that are not revoked by id, from after `position`. */
export function* listAdminTokens(
  limit: number,
  position: string | null,
): Operation<Page<AdminToken>> {
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM admin_tokens
      WHERE revoked_at_ms IS NULL AND id > $1 ORDER BY id LIMIT $2`,
    params: [Number(position ?? 0), limit + 1],
  }
  return pageOf(rows.map(adminTokenOf), limit, (token) => String(token.id))
}

/** Revokes a token from this commit on. */
export function* revokeAdminToken(id: number, nowMs: number): Operation<void> {
  yield { sql: 'UPDATE admin_tokens SET revoked_at_ms = $2 WHERE id = $1', params: [id, nowMs] }
}

function adminTokenOf(row: Row): AdminToken {
  return {
    id: int(row, 'id'),
    projectId: intOrNull(row, 'project_id'),
    name: text(row, 'name'),
    last4: text(row, 'last4'),
    createdAtMs: int(row, 'created_at_ms'),
    expiresAtMs: intOrNull(row, 'expires_at_ms'),
  }
}
