import { formatRunId } from '../lib/run_id.ts'
import type { RunState, SettledBy } from '../model/run.ts'
import { blob, blobOrNull, int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { claimLifeMs } from './run_store.ts'

/**
 * Now, on both clocks: spans of this process are measured by the one that nobody sets, others by the
 * time of day (reliability.md case 218).
 */
export interface LedgerTime {
  readonly nowMs: number
  /** Names this process; never 0. */
  readonly bootId: number
  /** Whole milliseconds since some moment of this process. */
  readonly monotonicMs: number
}

/** The run that holds a claim, as a repeat of its request finds it. */
export interface EarlierRun {
  readonly seq: number
  readonly id: Uint8Array
  readonly runId: string
  readonly projectId: number
  readonly state: RunState
  readonly startedAtMs: number
  readonly finishedAtMs: number | null
  readonly upstreamStatus: number | null
  readonly errorReason: string | null
  readonly requestHash: Uint8Array | null
  readonly settledBy: SettledBy | null
  readonly settledAtMs: number | null
  /** When the claim ends; null where nobody wrote down how the run ended. */
  readonly expiry: ClaimExpiry | null
  /** What answers repeats, or tells how to verify; null for nothing. */
  readonly sealed: Uint8Array | null
}

/** The end of a claim, on both clocks. */
export interface ClaimExpiry {
  readonly atMs: number
  readonly bootId: number
  readonly monotonicMs: number
}

const SELECT = `SELECT r.seq, r.id, r.project_id, r.state, r.started_at_ms, r.finished_at_ms,
  r.upstream_status, r.error_reason, r.request_hash, r.settled_by, r.settled_at_ms,
  s.expires_at_ms, s.boot_id, s.expires_monotonic_ms, s.sealed
FROM runs r LEFT JOIN run_results s ON s.run_seq = r.seq`

/** Finds the run that holds a claim. */
export function* findClaim(hash: Uint8Array): Operation<EarlierRun | null> {
  const [row] = yield { sql: `${SELECT} WHERE r.claim_hash = $1`, params: [hash] }
  return row === undefined ? null : earlierOf(row)
}

/** Finds a run of a project with what is kept of it. */
export function* findClaimOfRun(projectId: number, id: Uint8Array): Operation<EarlierRun | null> {
  const [row] = yield {
    sql: `${SELECT} WHERE r.project_id = $1 AND r.id = $2`,
    params: [projectId, id],
  }
  return row === undefined ? null : earlierOf(row)
}

/** How long a claim still holds, in milliseconds; 0 or less once it is over. */
export function claimLeftMs({ expiry, startedAtMs }: EarlierRun, time: LedgerTime): number {
  if (expiry === null) return startedAtMs + claimLifeMs - time.nowMs
  if (expiry.bootId === time.bootId) return expiry.monotonicMs - time.monotonicMs
  return expiry.atMs - time.nowMs
}

/** Ends a claim that is over. A run that nobody closed is closed as what it is: unknown. */
export function* releaseClaim(seq: number, nowMs: number): Operation<void> {
  yield {
    sql: `UPDATE runs SET claim_hash = NULL, finished_at_ms = COALESCE(finished_at_ms, $2),
      error_code = CASE WHEN state = 'sending' THEN 'outcome_unknown' ELSE error_code END,
      state = CASE WHEN state = 'sending' THEN 'unknown' ELSE state END WHERE seq = $1`,
    params: [seq, nowMs],
  }
  yield { sql: 'DELETE FROM run_results WHERE run_seq = $1', params: [seq] }
}

/** Counts a repeat that was answered from a run. */
export function* countReplay(seq: number, nowMs: number): Operation<void> {
  yield {
    sql: 'UPDATE runs SET replays = replays + 1, replayed_at_ms = $2 WHERE seq = $1',
    params: [seq, nowMs],
  }
}

/** Counts calls that joined a run while its end was being written down. */
export function* countJoined(
  run: { readonly projectId: number; readonly id: Uint8Array },
  joined: number,
): Operation<void> {
  yield {
    sql: 'UPDATE runs SET joined = $3 WHERE project_id = $1 AND id = $2',
    params: [run.projectId, run.id, joined],
  }
}

/** What of a run is kept for repeats, and for how long from now. */
export interface KeptAnswer {
  readonly sealed: Uint8Array | null
  readonly lifeMs: number
}

/** Keeps it; what was sealed before stays where nothing new is. */
export function* keepAnswer(seq: number, kept: KeptAnswer, time: LedgerTime): Operation<void> {
  const { sealed, lifeMs } = kept
  yield {
    sql: `INSERT INTO run_results (run_seq, expires_at_ms, boot_id, expires_monotonic_ms, sealed)
      VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (run_seq) DO UPDATE SET expires_at_ms = excluded.expires_at_ms,
        boot_id = excluded.boot_id, expires_monotonic_ms = excluded.expires_monotonic_ms,
        sealed = COALESCE(excluded.sealed, run_results.sealed)`,
    params: [seq, time.nowMs + lifeMs, time.bootId, time.monotonicMs + lifeMs, sealed],
  }
}

/** What was found out about a run whose outcome was unknown. */
export interface Settlement {
  readonly outcome: 'done' | 'not_done'
  readonly by: SettledBy
  readonly note: string | null
  readonly atMs: number
}

/**
 * Settles an unknown run; false where it is not unknown. One that was done keeps its claim; one that
 * was not gives it up, so that the same request may be sent afresh.
 */
export function* settleRun(
  run: { readonly projectId: number; readonly id: Uint8Array },
  { outcome, by, note, atMs }: Settlement,
): Operation<boolean> {
  const isDone = outcome === 'done'
  const [row] = yield {
    sql: `UPDATE runs SET state = $3, settled_by = $4, settled_at_ms = $5, settled_note = $6,
      ${isDone ? 'error_code = NULL, error_reason = NULL' : 'claim_hash = NULL'}
      WHERE project_id = $1 AND id = $2 AND state = 'unknown' RETURNING seq`,
    params: [run.projectId, run.id, isDone ? 'done' : 'failed_not_sent', by, atMs, note],
  }
  if (row === undefined) return false
  const seq = int(row, 'seq')
  if (isDone)
    yield { sql: 'UPDATE run_results SET sealed = NULL WHERE run_seq = $1', params: [seq] }
  else yield { sql: 'DELETE FROM run_results WHERE run_seq = $1', params: [seq] }
  return true
}

/** Ends up to `limit` claims that are over, with what was kept for them; yields how many. */
export function* pruneClaims(time: LedgerTime, limit: number): Operation<number> {
  const rows = yield {
    sql: `DELETE FROM run_results WHERE run_seq IN (SELECT run_seq FROM run_results
        WHERE expires_at_ms <= $1 AND (boot_id <> $2 OR expires_monotonic_ms <= $3)
        ORDER BY expires_at_ms LIMIT $4)
      RETURNING run_seq`,
    params: [time.nowMs, time.bootId, time.monotonicMs, limit],
  }
  for (const row of rows) {
    yield {
      sql: 'UPDATE runs SET claim_hash = NULL WHERE seq = $1 AND claim_hash IS NOT NULL',
      params: [int(row, 'run_seq')],
    }
  }
  return rows.length
}

/** Lets no claim outlast a day, whatever the clock was when it was made. */
export function* clampClaims(nowMs: number): Operation<void> {
  const latestMs = nowMs + claimLifeMs
  yield {
    sql: 'UPDATE run_results SET expires_at_ms = $1 WHERE expires_at_ms > $1',
    params: [latestMs],
  }
}

function earlierOf(row: Row): EarlierRun {
  const id = blob(row, 'id')
  const atMs = intOrNull(row, 'expires_at_ms')
  return {
    seq: int(row, 'seq'),
    id,
    runId: formatRunId(id),
    projectId: int(row, 'project_id'),
    state: text(row, 'state') as RunState,
    startedAtMs: int(row, 'started_at_ms'),
    finishedAtMs: intOrNull(row, 'finished_at_ms'),
    upstreamStatus: intOrNull(row, 'upstream_status'),
    errorReason: textOrNull(row, 'error_reason'),
    requestHash: blobOrNull(row, 'request_hash'),
    settledBy: textOrNull(row, 'settled_by') as SettledBy | null,
    settledAtMs: intOrNull(row, 'settled_at_ms'),
    expiry:
      atMs === null
        ? null
        : { atMs, bootId: int(row, 'boot_id'), monotonicMs: int(row, 'expires_monotonic_ms') },
    sealed: blobOrNull(row, 'sealed'),
  }
}
