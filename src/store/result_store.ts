import { blob, int, text } from './columns.ts'
import type { Operation, SqlValue } from './database.ts'

/** Whose a kept answer is: nobody else reads it. */
export interface ResultHolder {
  readonly projectId: number
  readonly integrationId: number
  /** The member or the grant that called, or the integration itself. */
  readonly holder: string
}

/** An answer that did not fit, kept for its caller. */
export interface KeptResult extends ResultHolder {
  /** SHA-256 of the handle. */
  readonly hash: Uint8Array
  readonly toolId: number
  readonly kind: 'json' | 'text'
  readonly sealed: Uint8Array
  /** How large a page of it may be. */
  readonly pageBytes: number
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/** How much may be kept, in bytes as it lies in the store. */
export interface ResultLimits {
  readonly holderBytes: number
  readonly totalBytes: number
}

/** Keeps an answer; forgets what has expired, and the oldest of its holder and of all beyond the limits. */
export function* insertResult(result: KeptResult, limits: ResultLimits): Operation<void> {
  const { projectId, integrationId, holder } = result
  yield {
    sql: `DELETE FROM results WHERE id IN
      (SELECT id FROM results WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)`,
    params: [result.createdAtMs, AT_ONCE],
  }
  yield {
    sql: `INSERT INTO results (hash, project_id, integration_id, holder, tool_id, kind, sealed, bytes,
      page_bytes, created_at_ms, expires_at_ms)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    params: [
      ...[result.hash, projectId, integrationId, holder, result.toolId, result.kind],
      ...[result.sealed, result.sealed.byteLength + ROW_BYTES, result.pageBytes],
      ...[result.createdAtMs, result.expiresAtMs],
    ],
  }
  const own = 'project_id = $1 AND integration_id = $2 AND holder = $3'
  yield* makeRoom(own, [projectId, integrationId, holder], limits.holderBytes)
  yield* makeRoom('id > $1', [0], limits.totalBytes)
}

/** How many rows go at once: a row may take thousands of pages. */
const AT_ONCE = 20

/** Deletes the oldest of some answers until they take no more than so much. */
function* makeRoom(
  condition: string,
  params: readonly SqlValue[],
  maxBytes: number,
): Operation<void> {
  const [row] = yield {
    sql: `SELECT coalesce(SUM(bytes), 0) AS bytes FROM results WHERE ${condition}`,
    params,
  }
  let excess = row === undefined ? 0 : int(row, 'bytes') - maxBytes
  while (excess > 0) {
    const oldest = yield {
      sql: `SELECT id, bytes FROM results WHERE ${condition} ORDER BY id LIMIT ${AT_ONCE}`,
      params,
    }
    let last = 0
    for (const each of oldest) {
      if (excess <= 0) break
      last = int(each, 'id')
      excess -= int(each, 'bytes')
    }
    if (last === 0) return
    yield {
      sql: `DELETE FROM results WHERE ${condition} AND id <= $${params.length + 1}`,
      params: [...params, last],
    }
  }
}

/** What a row takes beside its sealed answer, so that many small ones count too. */
const ROW_BYTES = 1024

/** Finds an answer of this holder; null for one that is unknown, has expired, or is another's. */
export function* findResult(
  { projectId, integrationId, holder }: ResultHolder,
  hash: Uint8Array,
  nowMs: number,
): Operation<KeptResult | null> {
  const [row] = yield {
    sql: `SELECT tool_id, kind, sealed, page_bytes, created_at_ms, expires_at_ms FROM results
      WHERE hash = $1 AND project_id = $2 AND integration_id = $3 AND holder = $4
      AND expires_at_ms > $5`,
    params: [hash, projectId, integrationId, holder, nowMs],
  }
  if (row === undefined) return null
  return {
    projectId,
    integrationId,
    holder,
    hash,
    toolId: int(row, 'tool_id'),
    kind: text(row, 'kind') === 'json' ? 'json' : 'text',
    sealed: blob(row, 'sealed'),
    pageBytes: int(row, 'page_bytes'),
    createdAtMs: int(row, 'created_at_ms'),
    expiresAtMs: int(row, 'expires_at_ms'),
  }
}
