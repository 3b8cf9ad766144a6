import type { OperationOverride } from '../model/openapi_source.ts'
import { int, text } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

/** What the operator changed of one operation of a source. */
export interface StoredOverride {
  readonly key: string
  readonly override: OperationOverride
  readonly updatedAtMs: number
}

/** Lists a source's overrides by key, from after `position`. */
export function* listOverrides(
  sourceId: number,
  limit: number,
  position: string | null,
): Operation<Page<StoredOverride>> {
  const rows = yield {
    sql: `SELECT key, override, updated_at_ms FROM openapi_overrides
      WHERE source_id = $1 AND key > $2 ORDER BY key LIMIT $3`,
    params: [sourceId, position ?? '', limit + 1],
  }
  return pageOf(rows.map(overrideOf), limit, (one) => one.key)
}

/** Finds the override of one operation; null where nothing of it was changed. */
export function* findOverride(sourceId: number, key: string): Operation<StoredOverride | null> {
  const [row] = yield {
    sql: `SELECT key, override, updated_at_ms FROM openapi_overrides
      WHERE source_id = $1 AND key = $2`,
    params: [sourceId, key],
  }
  return row === undefined ? null : overrideOf(row)
}

/** Writes the override of one operation. */
export function* putOverride(
  sourceId: number,
  key: string,
  { override, nowMs }: { readonly override: OperationOverride; readonly nowMs: number },
): Operation<void> {
  yield {
    sql: `INSERT INTO openapi_overrides (source_id, key, override, updated_at_ms)
      VALUES ($1, $2, $3, $4) ON CONFLICT (source_id, key) DO UPDATE
      SET override = excluded.override, updated_at_ms = excluded.updated_at_ms`,
    params: [sourceId, key, JSON.stringify(override), nowMs],
  }
}

/** Deletes the override of one operation. */
export function* deleteOverride(sourceId: number, key: string): Operation<void> {
  yield {
    sql: 'DELETE FROM openapi_overrides WHERE source_id = $1 AND key = $2',
    params: [sourceId, key],
  }
}

function overrideOf(row: Row): StoredOverride {
  return {
    key: text(row, 'key'),
    override: JSON.parse(text(row, 'override')) as OperationOverride,
    updatedAtMs: int(row, 'updated_at_ms'),
  }
}
