import type { AssertionAlgorithm, AssertionKey } from '../model/assertion_key.ts'
import { int, intOrNull, text } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

const COLUMNS = 'id, project_id, kid, algorithm, public_key, created_at_ms, deactivated_at_ms'

/** What a new assertion key starts with. */
export interface NewAssertionKey
  extends Pick<AssertionKey, 'projectId' | 'kid' | 'algorithm' | 'publicKey'> {
  readonly nowMs: number
}

/** Inserts a key; null when the project has an active one of that `kid` (reliability.md case 89). */
export function* insertAssertionKey(key: NewAssertionKey): Operation<AssertionKey | null> {
  const [row] = yield {
    sql: `INSERT INTO assertion_keys (project_id, kid, algorithm, public_key, created_at_ms)
      VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    params: [key.projectId, key.kid, key.algorithm, key.publicKey, key.nowMs],
  }
  return row === undefined ? null : assertionKeyOf(row)
}

/** Finds the active key of that `kid`; never cached. */
export function* findActiveAssertionKey(
  projectId: number,
  kid: string,
): Operation<AssertionKey | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM assertion_keys
      WHERE project_id = $1 AND kid = $2 AND deactivated_at_ms IS NULL`,
    params: [projectId, kid],
  }
  return row === undefined ? null : assertionKeyOf(row)
}

/** Finds a key by id, active or not. */
export function* findAssertionKey(id: number): Operation<AssertionKey | null> {
  const [row] = yield { sql: `SELECT ${COLUMNS} FROM assertion_keys WHERE id = $1`, params: [id] }
  return row === undefined ? null : assertionKeyOf(row)
}

/** Lists a project's keys by id, from after `position`; deactivated ones too. */
export function* listAssertionKeys(
  projectId: number,
  limit: number,
  position: string | null,
): Operation<Page<AssertionKey>> {
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM assertion_keys WHERE project_id = $1 AND id > $2
      ORDER BY id LIMIT $3`,
    params: [projectId, Number(position ?? 0), limit + 1],
  }
  return pageOf(rows.map(assertionKeyOf), limit, (key) => String(key.id))
}

/** Deactivates a key from this commit on; once only, so the first moment stays. */
export function* deactivateAssertionKey(id: number, nowMs: number): Operation<void> {
  yield {
    sql: `UPDATE assertion_keys SET deactivated_at_ms = $2
      WHERE id = $1 AND deactivated_at_ms IS NULL`,
    params: [id, nowMs],
  }
}

/** A `jti` that was presented. */
export interface UsedAssertion {
  /** What names it: project, kid and `jti`, hashed. */
  readonly hash: Uint8Array
  /** Past this moment the assertion is refused as expired, so the row is of no more use. */
  readonly expiresAtMs: number
}

/** Notes that a `jti` was used; false when it was already (reliability.md cases 83, 84). */
export function* insertUsedAssertion(used: UsedAssertion): Operation<boolean> {
  const rows = yield {
    sql: `INSERT INTO used_assertions (hash, expires_at_ms)
      VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING expires_at_ms`,
    params: [used.hash, used.expiresAtMs],
  }
  return rows.length > 0
}

/** Whether a `jti` was used. */
export function* isUsedAssertion(hash: Uint8Array): Operation<boolean> {
  const rows = yield {
    sql: 'SELECT 1 AS used FROM used_assertions WHERE hash = $1',
    params: [hash],
  }
  return rows.length > 0
}

/** Forgets the `jti`s of assertions that have expired. */
export function* deleteExpiredAssertions(nowMs: number): Operation<void> {
  yield { sql: 'DELETE FROM used_assertions WHERE expires_at_ms < $1', params: [nowMs] }
}

function assertionKeyOf(row: Row): AssertionKey {
  return {
    id: int(row, 'id'),
    projectId: int(row, 'project_id'),
    kid: text(row, 'kid'),
    algorithm: text(row, 'algorithm') as AssertionAlgorithm,
    publicKey: text(row, 'public_key'),
    createdAtMs: int(row, 'created_at_ms'),
    deactivatedAtMs: intOrNull(row, 'deactivated_at_ms'),
  }
}
