import {
  noUsageLimits,
  type UsageLimits,
  type UsageOwner,
  type UsageOwnerRef,
  type UsageThreshold,
} from '../model/usage_limit.ts'
import { int, intOrNull, text } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { bumpEpoch } from './project_store.ts'

const COLUMNS = 'owner, owner_id, calls_per_minute, calls_per_day, calls_per_month, max_concurrent'

/** The limits of one thing of a project. */
export interface OwnedLimits extends UsageOwnerRef {
  readonly limits: UsageLimits
}

/** Finds every limit that is set in a project. */
export function* findProjectLimits(projectId: number): Operation<readonly OwnedLimits[]> {
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM usage_limits WHERE project_id = $1`,
    params: [projectId],
  }
  return rows.map((row) => ({
    owner: text(row, 'owner') as UsageOwner,
    id: int(row, 'owner_id'),
    limits: limitsOf(row),
  }))
}

/** Finds the limits of one thing; nulls where nothing is set. */
export function* findUsageLimits(
  projectId: number,
  { owner, id }: UsageOwnerRef,
): Operation<UsageLimits> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM usage_limits
      WHERE project_id = $1 AND owner = $2 AND owner_id = $3`,
    params: [projectId, owner, id],
  }
  return row === undefined ? noUsageLimits : limitsOf(row)
}

/** Writes the limits of one thing, and moves its project's epoch: calls are held to them from now on. */
export function* putUsageLimits(
  projectId: number,
  { owner, id }: UsageOwnerRef,
  limits: UsageLimits,
): Operation<void> {
  const { callsPerMinute, callsPerDay, callsPerMonth, maxConcurrent } = limits
  yield {
    sql: `INSERT INTO usage_limits (project_id, ${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (project_id, owner, owner_id) DO UPDATE SET
        calls_per_minute = excluded.calls_per_minute, calls_per_day = excluded.calls_per_day,
        calls_per_month = excluded.calls_per_month, max_concurrent = excluded.max_concurrent`,
    params: [projectId, owner, id, callsPerMinute, callsPerDay, callsPerMonth, maxConcurrent],
  }
  yield* bumpEpoch(projectId)
}

/** Notes that a threshold was reached; false where it was noted before. What is old is forgotten. */
export function* noteThreshold(
  { owner, id, limit, allowed, period, percent }: UsageThreshold,
  at: { readonly nowMs: number; readonly forgetBeforeMs: number },
): Operation<boolean> {
  const rows = yield {
    sql: `INSERT INTO usage_thresholds
        (owner, owner_id, limit_name, allowed, period, percent, at_ms)
      VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING at_ms`,
    params: [owner, id, limit, allowed, period, percent, at.nowMs],
  }
  yield { sql: 'DELETE FROM usage_thresholds WHERE at_ms < $1', params: [at.forgetBeforeMs] }
  return rows.length > 0
}

const limitsOf = (row: Row): UsageLimits => ({
  callsPerMinute: intOrNull(row, 'calls_per_minute'),
  callsPerDay: intOrNull(row, 'calls_per_day'),
  callsPerMonth: intOrNull(row, 'calls_per_month'),
  maxConcurrent: intOrNull(row, 'max_concurrent'),
})
