import { intOrNull } from './columns.ts'
import type { Operation } from './database.ts'

/**
 * Finds the time of the newest record, in epoch milliseconds: of the last run and the last event of
 * the audit log. Null where there is none.
 */
export function* findNewestTime(): Operation<number | null> {
  const [row] = yield {
    sql: `SELECT MAX(at_ms) AS newest_ms FROM (
      SELECT * FROM (SELECT started_at_ms AS at_ms FROM runs ORDER BY seq DESC LIMIT 1) AS run
      UNION ALL
      SELECT * FROM (SELECT at_ms FROM audit_events ORDER BY seq DESC LIMIT 1) AS event
    ) AS newest`,
    params: [],
  }
  return row === undefined ? null : intOrNull(row, 'newest_ms')
}
