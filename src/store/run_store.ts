import { formatRunId } from '../lib/run_id.ts'
import type { MemberSource } from '../model/principal.ts'
import type { Run, RunOutcome, RunSource, RunStart, RunState, SettledBy } from '../model/run.ts'
import { unpackAttempts } from '../model/run_attempt.ts'
import type { HttpMethod } from '../model/tool.ts'
import { blob, int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row, SqlValue } from './database.ts'
import { countMemberCall } from './member_store.ts'
import { type Page, pageOf } from './page.ts'

/** How long a key, or a request whose outcome is unknown, keeps equal requests from being sent. */
export const claimLifeMs = 86_400_000

const START_COLUMNS = `id, project_id, integration_id, tool_id, tool_version, member_external_id,
  source, http_method, started_at_ms, member_source, member_id`

const startValues = (run: RunStart): SqlValue[] => [
  run.id,
  run.projectId,
  run.integrationId,
  run.toolId,
  run.toolVersion,
  run.memberExternalId,
  run.source,
  run.httpMethod,
  run.startedAtMs,
  run.memberSource,
  run.memberId,
]

const outcomeValues = (outcome: RunOutcome): SqlValue[] => [
  outcome.state,
  outcome.finishedAtMs,
  outcome.durationMs,
  outcome.upstreamMs,
  outcome.upstreamStatus,
  outcome.errorCode,
  outcome.errorReason,
  outcome.requestBytes,
  outcome.responseBytes,
  outcome.attempts,
  outcome.joined,
  outcome.timeline,
]

const INSERT_SENDING = `INSERT INTO runs (${START_COLUMNS}, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'sending') RETURNING seq`

const INSERT_CLAIMING = `INSERT INTO runs (${START_COLUMNS}, claim_hash, request_hash, key_hint, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'sending')
ON CONFLICT (claim_hash) WHERE claim_hash IS NOT NULL DO NOTHING RETURNING seq`

/**
 * Records that a request is about to be sent; on disk before its first byte leaves (R1, R2). Yields
 * the row's `seq`; null where another run holds the claim, and nothing was written.
 */
export function* insertSendingRun(run: RunStart): Operation<number | null> {
  const { claim } = run
  const params = startValues(run)
  if (claim !== null) params.push(claim.hash, claim.requestHash, claim.keyHint)
  const [row] = yield { sql: claim === null ? INSERT_SENDING : INSERT_CLAIMING, params }
  return row === undefined ? null : int(row, 'seq')
}

const INSERT_FINISHED = `INSERT INTO runs (${START_COLUMNS}, state, finished_at_ms, duration_ms,
  upstream_ms, upstream_status, error_code, error_reason, request_bytes, response_bytes,
  attempts, joined, timeline)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
  $21, $22, $23)`

/** Records a run that needed no claim, as it ended, and counts it for its member. */
export function* insertFinishedRun(run: RunStart, outcome: RunOutcome): Operation<void> {
  yield { sql: INSERT_FINISHED, params: [...startValues(run), ...outcomeValues(outcome)] }
  yield* countMemberCall(run, outcome)
}

const finishSetting = (more: string) => `UPDATE runs SET state = $3, finished_at_ms = $4,
  duration_ms = $5, upstream_ms = $6, upstream_status = $7, error_code = $8, error_reason = $9,
  request_bytes = $10, response_bytes = $11, attempts = $12, joined = $13,
  timeline = $14${more}
  WHERE project_id = $1 AND id = $2 AND state = 'sending' RETURNING seq`
const FINISH = finishSetting('')
const FINISH_AND_RELEASE = finishSetting(', claim_hash = NULL')

/**
 * Closes a claimed run and counts it for its member. Yields its `seq`; null when it is no longer open
 * (a late writer is fenced off).
 * @param holds whether it goes on keeping equal requests from being sent
 */
export function* finishRun(
  run: RunStart,
  outcome: RunOutcome,
  holds: boolean,
): Operation<number | null> {
  const sql = holds || run.claim === null ? FINISH : FINISH_AND_RELEASE
  const [row] = yield { sql, params: [run.projectId, run.id, ...outcomeValues(outcome)] }
  if (row === undefined) return null
  yield* countMemberCall(run, outcome)
  return int(row, 'seq')
}

/** Records an answer that came after the deadline of a run; its outcome stays as it is (case 200). */
export function* recordLateAnswer(
  run: Pick<RunStart, 'projectId' | 'id'>,
  late: { readonly status: number; readonly afterMs: number },
): Operation<void> {
  yield {
    sql: 'UPDATE runs SET late_status = $3, late_after_ms = $4 WHERE project_id = $1 AND id = $2',
    params: [run.projectId, run.id, late.status, Math.round(late.afterMs * 100) / 100],
  }
}

const abandoned = { errorCode: 'outcome_unknown' }

/**
 * Marks every run left `sending` by a dead process as unknown; yields how many (R7). Their claims go
 * on holding, for a day from the start of the run.
 */
export function* closeAbandonedRuns(nowMs: number): Operation<number> {
  yield {
    sql: `INSERT INTO run_results (run_seq, expires_at_ms, boot_id, expires_monotonic_ms)
      SELECT seq, started_at_ms + $1, 0, 0 FROM runs INDEXED BY runs_sending
      WHERE state = 'sending' AND claim_hash IS NOT NULL
      ON CONFLICT (run_seq) DO NOTHING`,
    params: [claimLifeMs],
  }
  const rows = yield {
    sql: `UPDATE runs SET state = 'unknown', finished_at_ms = $1, error_code = $2,
      error_reason = 'Gatehouse stopped while this request was under way.'
      WHERE state = 'sending'
      RETURNING member_id, started_at_ms`,
    params: [nowMs, abandoned.errorCode],
  }
  for (const row of rows) {
    const run = { memberId: intOrNull(row, 'member_id'), startedAtMs: int(row, 'started_at_ms') }
    yield* countMemberCall(run, abandoned)
  }
  return rows.length
}

const SELECT = `SELECT r.id, r.project_id, r.integration_id, r.tool_id, r.tool_version,
  t.name AS tool_name, r.member_external_id, r.member_source, r.source, r.http_method, r.state, r.started_at_ms,
  r.finished_at_ms, r.duration_ms, r.upstream_ms, r.upstream_status, r.error_code,
  r.error_reason, r.request_bytes, r.response_bytes, r.key_hint, r.attempts, r.joined, r.replays,
  r.timeline, r.late_status, r.late_after_ms, r.replayed_at_ms, r.settled_by, r.settled_at_ms, r.settled_note
FROM runs r LEFT JOIN tools t ON t.id = r.tool_id`

/** Finds a run of a project. */
export function* findRun(projectId: number, id: Uint8Array): Operation<Run | null> {
  const [row] = yield {
    sql: `${SELECT} WHERE r.project_id = $1 AND r.id = $2`,
    params: [projectId, id],
  }
  return row === undefined ? null : runOf(row)
}

/** Which runs a list shows; a null filter admits all. */
export interface RunFilter {
  readonly projectId: number
  readonly toolId: number | null
  readonly integrationId: number | null
  readonly state: RunState | null
  readonly errorCode: string | null
  /** A member of that project. */
  readonly memberId: number | null
  readonly sinceMs: number | null
  readonly untilMs: number | null
}

const listOf = (owner: 'project_id' | 'member_id') => `${SELECT} WHERE r.${owner} = $1 AND r.id < $2
  AND (CAST($3 AS BIGINT) IS NULL OR r.tool_id = $3)
  AND (CAST($4 AS BIGINT) IS NULL OR r.integration_id = $4)
  AND (CAST($5 AS TEXT) IS NULL OR r.state = $5)
  AND (CAST($6 AS TEXT) IS NULL OR r.error_code = $6)
  AND (CAST($7 AS BIGINT) IS NULL OR r.started_at_ms >= $7)
  AND (CAST($8 AS BIGINT) IS NULL OR r.started_at_ms < $8)
  ORDER BY r.id DESC LIMIT $9`
const LIST_OF_PROJECT = listOf('project_id')
const LIST_OF_MEMBER = listOf('member_id')

const afterAll = new Uint8Array(16).fill(255)

/** Lists a project's runs, newest first (UUIDv7 order), from before `position`. */
export function* listRuns(
  filter: RunFilter,
  limit: number,
  position: string | null,
): Operation<Page<Run>> {
  const rows = yield {
    sql: filter.memberId === null ? LIST_OF_PROJECT : LIST_OF_MEMBER,
    params: [
      filter.memberId ?? filter.projectId,
      position === null ? afterAll : Uint8Array.fromHex(position),
      filter.toolId,
      filter.integrationId,
      filter.state,
      filter.errorCode,
      filter.sinceMs,
      filter.untilMs,
      limit + 1,
    ],
  }
  return pageOf(rows.map(runOf), limit, (run) => run.id.replaceAll('-', ''))
}

function runOf(row: Row): Run {
  return {
    id: formatRunId(blob(row, 'id')),
    projectId: int(row, 'project_id'),
    integrationId: int(row, 'integration_id'),
    toolId: int(row, 'tool_id'),
    toolVersion: int(row, 'tool_version'),
    toolName: textOrNull(row, 'tool_name') ?? '',
    memberExternalId: textOrNull(row, 'member_external_id'),
    memberSource: textOrNull(row, 'member_source') as MemberSource | null,
    source: text(row, 'source') as RunSource,
    httpMethod: text(row, 'http_method') as HttpMethod,
    state: text(row, 'state') as RunState,
    startedAtMs: int(row, 'started_at_ms'),
    finishedAtMs: intOrNull(row, 'finished_at_ms'),
    durationMs: intOrNull(row, 'duration_ms'),
    upstreamMs: intOrNull(row, 'upstream_ms'),
    upstreamStatus: intOrNull(row, 'upstream_status'),
    errorCode: textOrNull(row, 'error_code'),
    errorReason: textOrNull(row, 'error_reason'),
    requestBytes: intOrNull(row, 'request_bytes'),
    responseBytes: intOrNull(row, 'response_bytes'),
    timeline: unpackAttempts(textOrNull(row, 'timeline')),
    lateStatus: intOrNull(row, 'late_status'),
    lateAfterMs: intOrNull(row, 'late_after_ms'),
    keyHint: textOrNull(row, 'key_hint'),
    attempts: intOrNull(row, 'attempts'),
    joined: int(row, 'joined'),
    replays: int(row, 'replays'),
    replayedAtMs: intOrNull(row, 'replayed_at_ms'),
    settledBy: textOrNull(row, 'settled_by') as SettledBy | null,
    settledAtMs: intOrNull(row, 'settled_at_ms'),
    settledNote: textOrNull(row, 'settled_note'),
  }
}
