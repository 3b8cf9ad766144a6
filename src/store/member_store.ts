import type { MemberRecord, MemberToolUsage } from '../model/member.ts'
import type { Member } from '../model/principal.ts'
import type { RunOutcome, RunStart } from '../model/run.ts'
import { flag, int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

const COLUMNS = `id, project_id, external_id, email, roles, is_blocked, calls_per_minute,
  first_seen_at_ms, last_seen_at_ms, first_call_at_ms, last_call_at_ms, calls, errors`

/** A member as a new session token names it. */
export interface SeenMember extends Member {
  readonly projectId: number
  readonly nowMs: number
}

/**
 * Inserts a member, or writes what is newest of a known one. A member nobody vouched for is only seen:
 * what an assertion said of it stays.
 */
export function* upsertMember(seen: SeenMember): Operation<MemberRecord | null> {
  const { projectId, externalId, email, roles, source, nowMs } = seen
  const identity = source === 'unverified' ? '' : 'email = excluded.email, roles = excluded.roles,'
  const [row] = yield {
    sql: `INSERT INTO members (project_id, external_id, email, roles, is_blocked,
        first_seen_at_ms, last_seen_at_ms, calls, errors)
      VALUES ($1, $2, $3, $4, 0, $5, $5, 0, 0)
      ON CONFLICT (project_id, external_id) DO UPDATE
        SET ${identity} last_seen_at_ms = excluded.last_seen_at_ms
      RETURNING ${COLUMNS}`,
    params: [projectId, externalId, email, JSON.stringify(roles), nowMs],
  }
  return row === undefined ? null : memberOf(row)
}

/** Finds a member by id. */
export function* findMember(id: number): Operation<MemberRecord | null> {
  const [row] = yield { sql: `SELECT ${COLUMNS} FROM members WHERE id = $1`, params: [id] }
  return row === undefined ? null : memberOf(row)
}

/** The id of a project's member of that external id. */
export function* findMemberId(projectId: number, externalId: string): Operation<number | null> {
  const [row] = yield {
    sql: 'SELECT id FROM members WHERE project_id = $1 AND external_id = $2',
    params: [projectId, externalId],
  }
  return row === undefined ? null : int(row, 'id')
}

/** Which members a list shows; a null filter admits all. */
export interface MemberFilter {
  readonly projectId: number
  readonly externalId: string | null
  readonly isBlocked: boolean | null
}

/** Lists a project's members by id, from after `position`. */
export function* listMembers(
  filter: MemberFilter,
  limit: number,
  position: string | null,
): Operation<Page<MemberRecord>> {
  const { projectId, externalId, isBlocked } = filter
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM members WHERE project_id = $1 AND id > $2
      AND (CAST($3 AS TEXT) IS NULL OR external_id = $3)
      AND (CAST($4 AS BIGINT) IS NULL OR is_blocked = $4)
      ORDER BY id LIMIT $5`,
    params: [
      projectId,
      Number(position ?? 0),
      externalId,
      isBlocked === null ? null : Number(isBlocked),
      limit + 1,
    ],
  }
  return pageOf(rows.map(memberOf), limit, (member) => String(member.id))
}

/** Writes a member's changeable columns. */
export function* updateMember(member: MemberRecord): Operation<MemberRecord | null> {
  const [row] = yield {
    sql: `UPDATE members SET is_blocked = $2, calls_per_minute = $3 WHERE id = $1
      RETURNING ${COLUMNS}`,
    params: [member.id, member.isBlocked ? 1 : 0, member.callsPerMinute],
  }
  return row === undefined ? null : memberOf(row)
}

// Calls end in another order than they began.
const COUNT_CALL = `UPDATE members SET calls = calls + 1, errors = errors + $2,
  first_call_at_ms = CASE WHEN first_call_at_ms < $3 THEN first_call_at_ms ELSE $3 END,
  last_call_at_ms = CASE WHEN last_call_at_ms > $3 THEN last_call_at_ms ELSE $3 END
WHERE id = $1`

/** Adds an ended run to what its member has done; an administrator's trial is nobody's call. */
export function* countMemberCall(
  { memberId, startedAtMs }: Pick<RunStart, 'memberId' | 'startedAtMs'>,
  { errorCode }: Pick<RunOutcome, 'errorCode'>,
): Operation<void> {
  if (memberId === null) return
  yield { sql: COUNT_CALL, params: [memberId, errorCode === null ? 0 : 1, startedAtMs] }
}

/** The span of a member's history that is asked for; null bounds are open. */
export interface UsageSpan {
  readonly sinceMs: number | null
  readonly untilMs: number | null
}

/** What a member did with each tool, from the run history; most used first. */
export function* findMemberUsage(
  memberId: number,
  { sinceMs, untilMs }: UsageSpan,
): Operation<readonly MemberToolUsage[]> {
  const rows = yield {
    sql: `SELECT r.tool_id, (SELECT t.name FROM tools t WHERE t.id = r.tool_id) AS tool_name,
        COUNT(*) AS calls, COUNT(r.error_code) AS errors, MAX(r.started_at_ms) AS last_call_at_ms
      FROM runs r WHERE r.member_id = $1
        AND (CAST($2 AS BIGINT) IS NULL OR r.started_at_ms >= $2)
        AND (CAST($3 AS BIGINT) IS NULL OR r.started_at_ms < $3)
      GROUP BY r.tool_id ORDER BY calls DESC, r.tool_id`,
    params: [memberId, sinceMs, untilMs],
  }
  return rows.map((row) => ({
    toolId: int(row, 'tool_id'),
    toolName: textOrNull(row, 'tool_name') ?? '',
    calls: int(row, 'calls'),
    errors: int(row, 'errors'),
    lastCallAtMs: int(row, 'last_call_at_ms'),
  }))
}

function memberOf(row: Row): MemberRecord {
  return {
    id: int(row, 'id'),
    projectId: int(row, 'project_id'),
    externalId: text(row, 'external_id'),
    email: textOrNull(row, 'email'),
    roles: JSON.parse(text(row, 'roles')) as string[],
    isBlocked: flag(row, 'is_blocked'),
    callsPerMinute: intOrNull(row, 'calls_per_minute'),
    firstSeenAtMs: int(row, 'first_seen_at_ms'),
    lastSeenAtMs: int(row, 'last_seen_at_ms'),
    firstCallAtMs: intOrNull(row, 'first_call_at_ms'),
    lastCallAtMs: intOrNull(row, 'last_call_at_ms'),
    calls: int(row, 'calls'),
    errors: int(row, 'errors'),
  }
}
