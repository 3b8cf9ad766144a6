import type { JsonObject } from '../lib/json.ts'
import type { AuditChain, AuditEntry, AuditEvent } from '../model/audit_event.ts'
import { blob, int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { findInstanceValue, putInstanceValue } from './instance_store.ts'
import { type Page, pageOf } from './page.ts'

const COLUMNS = 'seq, at_ms, actor, action, target, project_id, details, address, hash'

/** The instance value that holds the hash of the last event: the log cannot be cut short unseen. */
const head = 'audit_head'

/** Adds an event to the log; belongs into the transaction of the change itself (case 264). */
export function* appendAuditEvent(entry: AuditEntry, chain: AuditChain): Operation<void> {
  const [last] = yield {
    sql: 'SELECT seq, hash FROM audit_events ORDER BY seq DESC LIMIT 1',
    params: [],
  }
  const seq = last === undefined ? 1 : int(last, 'seq') + 1
  const hash = chain(last === undefined ? null : blob(last, 'hash'), { ...entry, seq })
  const { atMs, actor, action, target, projectId, details, address } = entry
  yield {
    sql: `INSERT INTO audit_events (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    params: [seq, atMs, actor, action, target, projectId, JSON.stringify(details), address, hash],
  }
  yield* putInstanceValue(head, hash)
}

/** The hash of the event that was added last; null before the first. */
export function findAuditHead(): Operation<Uint8Array | null> {
  return findInstanceValue(head)
}

/** Which events a list shows; a null filter admits all. */
export interface AuditFilter {
  readonly projectId: number | null
  readonly actor: string | null
  readonly action: string | null
  readonly sinceMs: number | null
  readonly untilMs: number | null
}

const FILTER = `(CAST($1 AS BIGINT) IS NULL OR project_id = $1)
  AND (CAST($2 AS TEXT) IS NULL OR actor = $2)
  AND (CAST($3 AS TEXT) IS NULL OR action = $3)
  AND (CAST($4 AS BIGINT) IS NULL OR at_ms >= $4)
  AND (CAST($5 AS BIGINT) IS NULL OR at_ms < $5)`

/** Lists events, newest first, from before `position`. */
export function* listAuditEvents(
  filter: AuditFilter,
  limit: number,
  position: string | null,
): Operation<Page<AuditEvent>> {
  const { projectId, actor, action, sinceMs, untilMs } = filter
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM audit_events WHERE ${FILTER}
      AND seq < $6 ORDER BY seq DESC LIMIT $7`,
    params: [
      projectId,
      actor,
      action,
      sinceMs,
      untilMs,
      Number(position ?? Number.MAX_SAFE_INTEGER),
      limit + 1,
    ],
  }
  return pageOf(rows.map(eventOf), limit, (event) => String(event.seq))
}

/** Reads events in order, after `seq`: how the chain is followed. */
export function* readAuditEvents(
  afterSeq: number,
  limit: number,
): Operation<readonly AuditEvent[]> {
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT $2`,
    params: [afterSeq, limit],
  }
  return rows.map(eventOf)
}

function eventOf(row: Row): AuditEvent {
  return {
    seq: int(row, 'seq'),
    atMs: int(row, 'at_ms'),
    actor: text(row, 'actor'),
    action: text(row, 'action'),
    target: text(row, 'target'),
    projectId: intOrNull(row, 'project_id'),
    details: JSON.parse(text(row, 'details')) as JsonObject,
    address: textOrNull(row, 'address'),
    hash: blob(row, 'hash'),
  }
}
