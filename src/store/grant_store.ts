import type { Grant } from '../model/grant.ts'
import { int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row, SqlValue } from './database.ts'
import { type Page, pageOf } from './page.ts'

const COLUMNS = `id, project_id, integration_id, client_id, user_id, member_id, scopes, resource,
  created_at_ms, expires_at_ms, last_used_at_ms, last_address, revoked_at_ms, revoked_because`

/** What a new grant starts with. */
export type NewGrant = Omit<
  Grant,
  'lastUsedAtMs' | 'lastAddress' | 'revokedAtMs' | 'revokedBecause'
>

/** Inserts a grant. */
export function* insertGrant(grant: NewGrant): Operation<void> {
  yield {
    sql: `INSERT INTO grants (id, project_id, integration_id, client_id, user_id, member_id, scopes,
        resource, created_at_ms, expires_at_ms)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    params: [
      grant.id,
      grant.projectId,
      grant.integrationId,
      grant.clientId,
      grant.userId,
      grant.memberId,
      scopesColumn(grant.scopes),
      grant.resource,
      grant.createdAtMs,
      grant.expiresAtMs,
    ],
  }
}

/** Finds a grant by id, ended or not. */
export function* findGrant(id: string): Operation<Grant | null> {
  const [row] = yield { sql: `SELECT ${COLUMNS} FROM grants WHERE id = $1`, params: [id] }
  return row === undefined ? null : grantOf(row)
}

/** Which grants a list shows; a null filter admits all. */
export interface GrantFilter {
  readonly projectId: number | null
  readonly userId: number | null
  readonly clientId: string | null
  /** Shows only those that count at this moment; null shows ended ones too. */
  readonly liveAtMs: number | null
}

/** Lists grants newest first, from after `position`. */
export function* listGrants(
  filter: GrantFilter,
  limit: number,
  position: string | null,
): Operation<Page<Grant>> {
  const { projectId, userId, clientId, liveAtMs } = filter
  const [createdAtMs, id] = (position ?? '').split(':')
  const isFirst = position === null
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM grants
      WHERE (CAST($1 AS BIGINT) IS NULL OR project_id = $1)
      AND (CAST($2 AS BIGINT) IS NULL OR user_id = $2)
      AND (CAST($3 AS TEXT) IS NULL OR client_id = $3)
      AND (CAST($4 AS BIGINT) IS NULL OR (revoked_at_ms IS NULL AND expires_at_ms > $4))
      AND (CAST($5 AS BIGINT) IS NULL OR (created_at_ms, id) < ($5, $6))
      ORDER BY created_at_ms DESC, id DESC LIMIT $7`,
    params: [
      projectId,
      userId,
      clientId,
      liveAtMs,
      isFirst ? null : Number(createdAtMs),
      isFirst ? null : (id ?? ''),
      limit + 1,
    ],
  }
  return pageOf(rows.map(grantOf), limit, (grant) => `${grant.createdAtMs}:${grant.id}`)
}

/** When and why a grant ends; `because` is for people. */
export interface Revocation {
  readonly nowMs: number
  readonly because: string
}

/** Ends a grant from this commit on, with all its tokens; false when it had ended before. */
export function* revokeGrant(id: string, { nowMs, because }: Revocation): Operation<boolean> {
  const rows = yield {
    sql: `UPDATE grants SET revoked_at_ms = $2, revoked_because = $3
      WHERE id = $1 AND revoked_at_ms IS NULL RETURNING id`,
    params: [id, nowMs, because],
  }
  return rows.length > 0
}

/** Whose grants are meant; every part given must fit. */
export interface GrantsOf {
  readonly projectId?: number
  readonly integrationId?: number
  readonly userId?: number
  readonly clientId?: string
}

const grantColumns = {
  projectId: 'project_id',
  integrationId: 'integration_id',
  userId: 'user_id',
  clientId: 'client_id',
} as const

/**
 * Ends every live grant of a project, an integration, a client, a person, or of several of these at
 * once. @returns the ids of those it ended
 * @throws TypeError - nothing was named
 */
export function* revokeGrantsOf(
  of: GrantsOf,
  { nowMs, because }: Revocation,
): Operation<readonly string[]> {
  const params: SqlValue[] = [nowMs, because]
  const conditions: string[] = []
  for (const [key, column] of Object.entries(grantColumns)) {
    const value = of[key as keyof GrantsOf]
    if (value === undefined) continue
    params.push(value)
    conditions.push(`${column} = $${params.length}`)
  }
  if (conditions.length === 0) throw new TypeError('whose grants are to end must be named')
  const rows = yield {
    sql: `UPDATE grants SET revoked_at_ms = $1, revoked_because = $2
      WHERE revoked_at_ms IS NULL AND ${conditions.join(' AND ')} RETURNING id`,
    params,
  }
  return rows.map((row) => text(row, 'id'))
}

/** Notes when, and from where, a token of the grant was last used. */
export function* touchGrant(id: string, nowMs: number, address: string | null): Operation<void> {
  yield {
    sql: 'UPDATE grants SET last_used_at_ms = $2, last_address = $3 WHERE id = $1',
    params: [id, nowMs, address],
  }
}

/** What a client holds that no person of this installation has approved. */
export type ClientGrantKey = Pick<
  NewGrant,
  'integrationId' | 'clientId' | 'resource' | 'scopes' | 'memberId'
>

/** Finds the live grant of exactly this; `memberId` null for a client that acts for itself. */
export function* findClientGrant(key: ClientGrantKey, nowMs: number): Operation<Grant | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM grants WHERE integration_id = $1 AND client_id = $2
      AND resource = $3 AND scopes = $4 AND user_id IS NULL
      AND COALESCE(member_id, 0) = $5 AND revoked_at_ms IS NULL AND expires_at_ms > $6 LIMIT 1`,
    params: [
      key.integrationId,
      key.clientId,
      key.resource,
      scopesColumn(key.scopes),
      key.memberId ?? 0,
      nowMs,
    ],
  }
  return row === undefined ? null : grantOf(row)
}

/** Narrows a grant for good (reliability.md case 104). */
export function* updateGrantScopes(id: string, scopes: Iterable<string>): Operation<void> {
  yield { sql: 'UPDATE grants SET scopes = $2 WHERE id = $1', params: [id, scopesColumn(scopes)] }
}

/** Writes scopes as the columns of grants and tokens keep them: with spaces (RFC 6749 §3.3). */
export function scopesColumn(scopes: Iterable<string>): string {
  return [...scopes].join(' ')
}

/** Reads a scopes column. */
export function scopesOf(column: string): readonly string[] {
  return column === '' ? [] : column.split(' ')
}

function grantOf(row: Row): Grant {
  return {
    id: text(row, 'id'),
    projectId: int(row, 'project_id'),
    integrationId: int(row, 'integration_id'),
    clientId: text(row, 'client_id'),
    userId: intOrNull(row, 'user_id'),
    memberId: intOrNull(row, 'member_id'),
    scopes: scopesOf(text(row, 'scopes')),
    resource: text(row, 'resource'),
    createdAtMs: int(row, 'created_at_ms'),
    expiresAtMs: int(row, 'expires_at_ms'),
    lastUsedAtMs: intOrNull(row, 'last_used_at_ms'),
    lastAddress: textOrNull(row, 'last_address'),
    revokedAtMs: intOrNull(row, 'revoked_at_ms'),
    revokedBecause: textOrNull(row, 'revoked_because'),
  }
}
