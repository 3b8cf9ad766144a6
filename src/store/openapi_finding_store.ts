import { int, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

/** What an import says about its document. */
export interface StoredFinding {
  readonly position: number
  readonly severity: string
  readonly code: string
  readonly operation: string | null
  readonly pointer: string
  readonly reason: string
  readonly fix: string
}

/** Inserts the next findings of an import. */
export function* insertFindings(
  importId: number,
  findings: readonly StoredFinding[],
): Operation<void> {
  for (const one of findings) {
    yield {
      sql: `INSERT INTO openapi_findings
        (import_id, position, severity, code, operation, pointer, reason, fix)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      params: [
        importId,
        one.position,
        one.severity,
        one.code,
        one.operation,
        one.pointer,
        one.reason,
        one.fix,
      ],
    }
  }
}

/** Lists what an import says about its document, from after `position`. */
export function* listFindings(
  importId: number,
  limit: number,
  position: string | null,
): Operation<Page<StoredFinding>> {
  const rows = yield {
    sql: `SELECT position, severity, code, operation, pointer, reason, fix FROM openapi_findings
      WHERE import_id = $1 AND position > $2 ORDER BY position LIMIT $3`,
    params: [importId, Number(position ?? -1), limit + 1],
  }
  return pageOf(rows.map(findingOf), limit, (one) => String(one.position))
}

function findingOf(row: Row): StoredFinding {
  return {
    position: int(row, 'position'),
    severity: text(row, 'severity'),
    code: text(row, 'code'),
    operation: textOrNull(row, 'operation'),
    pointer: text(row, 'pointer'),
    reason: text(row, 'reason'),
    fix: text(row, 'fix'),
  }
}
