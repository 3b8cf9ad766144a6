import type { UsageCounts, UsageGroup, UsageRow, UsageSpan } from '../model/usage.ts'
import type { UsageOwnerRef } from '../model/usage_limit.ts'
import { blob, blobOrNull, flag, int, intOrNull, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

/** The column of calls that were made for no member. */
const nobody = 0

/** What usage is counted by of a run; a day is 86,400,000 ms. */
const addRuns = (
  which: string,
) => `INSERT INTO usage_days (project_id, day, integration_id, tool_id,
    member_id, calls, errors, unknown, request_bytes, response_bytes, upstream_ms)
  SELECT r.project_id, r.started_at_ms / 86400000, r.integration_id, r.tool_id,
    COALESCE(r.member_id, ${nobody}), COUNT(*), COUNT(r.error_code),
    SUM(CASE WHEN r.state = 'unknown' THEN 1 ELSE 0 END), COALESCE(SUM(r.request_bytes), 0),
    COALESCE(SUM(r.response_bytes), 0), COALESCE(SUM(r.upstream_ms), 0.0)
  FROM runs r WHERE r.state <> 'sending' AND ${which} GROUP BY 1, 2, 3, 4, 5
  ON CONFLICT (project_id, day, integration_id, tool_id, member_id) DO UPDATE SET
    calls = usage_days.calls + excluded.calls, errors = usage_days.errors + excluded.errors,
    unknown = usage_days.unknown + excluded.unknown,
    request_bytes = usage_days.request_bytes + excluded.request_bytes,
    response_bytes = usage_days.response_bytes + excluded.response_bytes,
    upstream_ms = usage_days.upstream_ms + excluded.upstream_ms`
const OPEN = 'r.seq IN (SELECT o.seq FROM usage_open_runs o)'
const AFTER_SEQ = 'r.seq > $1'
const AFTER_ID = 'r.id > $1'

const ADD_OPEN = addRuns(OPEN)
const ADD_NEW = { seq: addRuns(AFTER_SEQ), id: addRuns(AFTER_ID) }
const newOpen = (which: string) => `INSERT INTO usage_open_runs (seq)
  SELECT r.seq FROM runs r WHERE r.state = 'sending' AND ${which} ON CONFLICT DO NOTHING`
const KEEP_OPEN = { seq: newOpen(AFTER_SEQ), id: newOpen(AFTER_ID) }
const newest = (which: string) => `SELECT MAX(r.id) AS id FROM runs r WHERE ${which}`
const NEWEST = { seq: newest(AFTER_SEQ), id: newest(AFTER_ID) }
const FORGET_ENDED = `DELETE FROM usage_open_runs WHERE NOT EXISTS (
  SELECT 1 FROM runs r WHERE r.seq = usage_open_runs.seq AND r.state = 'sending')`

/** Up to which run usage is added up. */
interface Progress {
  readonly seq: number
  readonly newestId: Uint8Array
  /** Whether that run is still there; once it is deleted its `seq` may be given anew. */
  readonly isThere: boolean
}

function* findProgress(): Operation<Progress> {
  const [row] = yield {
    sql: `SELECT p.seq, p.newest_id,
        (SELECT COUNT(*) FROM runs r WHERE r.seq = p.seq AND r.id = p.run_id) AS is_there
      FROM usage_progress p`,
    params: [],
  }
  if (row === undefined) return { seq: 0, newestId: new Uint8Array(16), isThere: true }
  return {
    seq: int(row, 'seq'),
    newestId: blob(row, 'newest_id'),
    isThere: flag(row, 'is_there'),
  }
}

/** Whether runs have ended, or begun, since usage was added up last. */
export function* hasNewUsage(): Operation<boolean> {
  const [row] = yield {
    sql: `SELECT (SELECT MAX(seq) FROM runs) AS seq, (SELECT MAX(seq) FROM usage_open_runs) AS open`,
    params: [],
  }
  const { seq, isThere } = yield* findProgress()
  const top = row === undefined ? null : intOrNull(row, 'seq')
  if (top === null) return false
  return !isThere || top !== seq || (row !== undefined && intOrNull(row, 'open') !== null)
}

/**
 * Adds up the runs that have ended since the last time, each once and on the UTC day it began. What
 * is not added up yet stands in the run history, so nothing is lost with the process.
 */
export function* addUpUsage(): Operation<void> {
  const { seq, newestId, isThere } = yield* findProgress()
  const by = isThere ? 'seq' : 'id'
  const params = [isThere ? seq : newestId]
  yield { sql: ADD_OPEN, params: [] }
  yield { sql: FORGET_ENDED, params: [] }
  yield { sql: ADD_NEW[by], params }
  yield { sql: KEEP_OPEN[by], params }
  const [found] = yield { sql: NEWEST[by], params }
  const newer = found === undefined ? null : blobOrNull(found, 'id')
  const isNewer = newer !== null && Buffer.compare(newer, newestId) > 0
  yield {
    sql: `INSERT INTO usage_progress (id, seq, run_id, newest_id)
      SELECT 1, r.seq, r.id, $1 FROM runs r WHERE r.seq = (SELECT MAX(seq) FROM runs)
      ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, run_id = excluded.run_id,
        newest_id = excluded.newest_id`,
    params: [isNewer ? newer : newestId],
  }
}

const callsOn = (table: string, condition: string) =>
  `SELECT COALESCE(SUM(${table === 'usage_days' ? 'calls' : '1'}), 0) AS calls
    FROM ${table} r WHERE ${condition}`
const CALLS_OF = {
  project: callsOn('usage_days', 'r.project_id = $1 AND r.day = $2 AND $3 = r.project_id'),
  integration: callsOn('usage_days', 'r.project_id = $1 AND r.day = $2 AND r.integration_id = $3'),
  tool: callsOn('usage_days', 'r.project_id = $1 AND r.day = $2 AND r.tool_id = $3'),
  // Without its project, so that the index of members is used.
  member: callsOn('usage_days', '$1 > 0 AND r.day = $2 AND r.member_id = $3'),
}
const freshCallsOf = (column: string) => {
  const of = `r.state <> 'sending' AND r.project_id = $2 AND r.started_at_ms / 86400000 = $3
    AND r.${column} = $4`
  const fresh = (which: string) => callsOn('runs', `${which} AND ${of}`)
  return { seq: fresh(AFTER_SEQ), id: fresh(AFTER_ID), open: fresh(`${OPEN} AND $1 > 0`) }
}
const FRESH_CALLS_OF = {
  project: freshCallsOf('project_id'),
  integration: freshCallsOf('integration_id'),
  tool: freshCallsOf('tool_id'),
  member: freshCallsOf('member_id'),
}

/** How many calls of an owner have ended that began on a UTC day, added up yet or not. */
export function* countCallsOn(
  projectId: number,
  { owner, id }: UsageOwnerRef,
  day: number,
): Operation<number> {
  const { seq, newestId, isThere } = yield* findProgress()
  const fresh = FRESH_CALLS_OF[owner]
  const [added] = yield { sql: CALLS_OF[owner], params: [projectId, day, id] }
  const [newer] = isThere
    ? yield { sql: fresh.seq, params: [seq, projectId, day, id] }
    : yield { sql: fresh.id, params: [newestId, projectId, day, id] }
  const [open] = yield { sql: fresh.open, params: [1, projectId, day, id] }
  return [added, newer, open].reduce(
    (sum, row) => sum + (row === undefined ? 0 : int(row, 'calls')),
    0,
  )
}

const SUMS = `SUM(u.calls) AS calls, SUM(u.errors) AS errors, SUM(u.unknown) AS unknown,
  SUM(u.request_bytes) AS request_bytes, SUM(u.response_bytes) AS response_bytes,
  SUM(u.upstream_ms) AS upstream_ms`
const WITHIN = `FROM usage_days u WHERE u.project_id = $1
  AND (CAST($2 AS BIGINT) IS NULL OR u.day >= $2)
  AND (CAST($3 AS BIGINT) IS NULL OR u.day < $3)`

// By id rather than by use: a page that is read later begins where the last one ended.
const listBy = (column: string, name: string) => `SELECT u.${column} AS id, ${name} AS name,
  NULL AS day, ${SUMS} ${WITHIN} AND u.${column} > $4
  GROUP BY u.${column} ORDER BY u.${column} LIMIT $5`
const LISTS: Readonly<Record<UsageGroup, string>> = {
  day: `SELECT NULL AS id, NULL AS name, u.day AS day, ${SUMS} ${WITHIN} AND u.day > $4
    GROUP BY u.day ORDER BY u.day LIMIT $5`,
  tool: listBy('tool_id', '(SELECT t.name FROM tools t WHERE t.id = u.tool_id)'),
  integration: listBy(
    'integration_id',
    '(SELECT i.name FROM integrations i WHERE i.id = u.integration_id)',
  ),
  member: listBy('member_id', '(SELECT m.external_id FROM members m WHERE m.id = u.member_id)'),
}

/** Whose usage is asked for, when, and how it is told apart. */
export interface UsageFilter extends UsageSpan {
  readonly projectId: number
  readonly groupBy: UsageGroup
}

/** Lists a project's usage, lowest id or earliest day first, from after `position`. */
export function* listUsage(
  { projectId, groupBy, sinceDay, untilDay }: UsageFilter,
  limit: number,
  position: string | null,
): Operation<Page<UsageRow>> {
  const params = [projectId, sinceDay, untilDay, Number(position ?? -1), limit + 1]
  const rows = yield { sql: LISTS[groupBy], params }
  return pageOf(rows.map(rowOf), limit, ({ id, day }) => String(day ?? id ?? nobody))
}

/** Adds up a project's usage. */
export function* sumUsage({ projectId, sinceDay, untilDay }: UsageFilter): Operation<UsageCounts> {
  const [row] = yield { sql: `SELECT ${SUMS} ${WITHIN}`, params: [projectId, sinceDay, untilDay] }
  return countsOf(row ?? {})
}

function rowOf(row: Row): UsageRow {
  const id = intOrNull(row, 'id')
  return {
    id: id === nobody ? null : id,
    name: textOrNull(row, 'name'),
    day: intOrNull(row, 'day'),
    ...countsOf(row),
  }
}

const countsOf = (row: Row): UsageCounts => ({
  calls: intOrNull(row, 'calls') ?? 0,
  errors: intOrNull(row, 'errors') ?? 0,
  unknown: intOrNull(row, 'unknown') ?? 0,
  requestBytes: intOrNull(row, 'request_bytes') ?? 0,
  responseBytes: intOrNull(row, 'response_bytes') ?? 0,
  upstreamMs: intOrNull(row, 'upstream_ms') ?? 0,
})
