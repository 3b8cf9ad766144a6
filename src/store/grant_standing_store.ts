import type { GrantMember, GrantPolicy, GrantStanding, GrantUser } from '../model/grant_standing.ts'
import { type Role, roles } from '../model/user.ts'
import { flag, int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { scopesOf } from './grant_store.ts'

// Scalar subqueries by key, and the token apart: a fifth of what joins take in SQLite.
const FIND_STANDING = `SELECT g.id, g.project_id, g.integration_id, g.client_id, g.user_id,
  g.member_id, g.scopes, g.expires_at_ms, g.revoked_at_ms, g.last_used_at_ms,
  (SELECT p.slug FROM projects p WHERE p.id = g.project_id) AS slug,
  (SELECT p.epoch * 2 + p.is_suspended FROM projects p WHERE p.id = g.project_id) AS standing,
  (SELECT i.is_active FROM integrations i
    WHERE i.id = g.integration_id AND i.deleted_at_ms IS NULL) AS is_integration_active,
  (SELECT COUNT(*) FROM oauth_clients c
    WHERE c.client_id = g.client_id AND c.deleted_at_ms IS NULL) AS is_client_known,
  (SELECT pp.is_mcp_enabled FROM project_policies pp
    WHERE pp.project_id = g.project_id) AS is_mcp_enabled,
  (SELECT pp.allowed_client_ids FROM project_policies pp
    WHERE pp.project_id = g.project_id) AS allowed_client_ids,
  (SELECT pp.policy_scopes FROM project_policies pp
    WHERE pp.project_id = g.project_id) AS policy_scopes,
  (SELECT u.email FROM users u WHERE u.id = g.user_id) AS user_email,
  (SELECT u.is_disabled FROM users u WHERE u.id = g.user_id) AS is_user_disabled,
  (SELECT string_agg(s.role, ' ') FROM memberships s WHERE s.user_id = g.user_id
    AND (s.project_id IS NULL OR s.project_id = g.project_id)) AS user_roles,
  (SELECT m.external_id FROM members m WHERE m.id = g.member_id) AS external_id,
  (SELECT m.email FROM members m WHERE m.id = g.member_id) AS member_email,
  (SELECT m.roles FROM members m WHERE m.id = g.member_id) AS member_roles,
  (SELECT m.is_blocked FROM members m WHERE m.id = g.member_id) AS is_member_blocked,
  (SELECT COALESCE(m.calls_per_minute,
      (SELECT p.member_calls_per_minute FROM projects p WHERE p.id = m.project_id))
    FROM members m WHERE m.id = g.member_id) AS member_calls_per_minute
FROM grants g WHERE g.id = $1`

/** Reads a grant and everything it stands on; never cached (R3, case 107). */
export function* findGrantStanding(id: string): Operation<GrantStanding | null> {
  const [row] = yield { sql: FIND_STANDING, params: [id] }
  return row === undefined ? null : standingOf(row)
}

/** An access token as it was issued, and what it stands on now. */
export interface AccessTokenRow {
  readonly scopes: readonly string[]
  readonly expiresAtMs: number
  readonly standing: GrantStanding
}

/** Reads an access token with everything that must be live for it to count. */
export function* findAccessToken(hash: Uint8Array): Operation<AccessTokenRow | null> {
  const [row] = yield {
    sql: 'SELECT grant_id, scopes, expires_at_ms FROM access_tokens WHERE hash = $1',
    params: [hash],
  }
  if (row === undefined) return null
  const standing = yield* findGrantStanding(text(row, 'grant_id'))
  if (standing === null) return null
  return {
    scopes: scopesOf(text(row, 'scopes')),
    expiresAtMs: int(row, 'expires_at_ms'),
    standing,
  }
}

/** What the person and the client of a grant are called; null where there is none. */
export interface GrantNames {
  readonly userName: string | null
  readonly clientName: string | null
}

/** Finds what the person and the client of a grant are called, a deleted client too. */
export function* findGrantNames(clientId: string, userId: number | null): Operation<GrantNames> {
  const [user] = yield { sql: 'SELECT name FROM users WHERE id = $1', params: [userId] }
  const [client] = yield {
    sql: 'SELECT name FROM oauth_clients WHERE client_id = $1',
    params: [clientId],
  }
  return {
    userName: user === undefined ? null : text(user, 'name'),
    clientName: client === undefined ? null : text(client, 'name'),
  }
}

function standingOf(row: Row): GrantStanding {
  const standing = int(row, 'standing')
  return {
    grantId: text(row, 'id'),
    projectId: int(row, 'project_id'),
    projectSlug: text(row, 'slug'),
    projectEpoch: Math.floor(standing / 2),
    isSuspended: standing % 2 === 1,
    integrationId: int(row, 'integration_id'),
    isIntegrationActive: flag(row, 'is_integration_active'),
    clientId: text(row, 'client_id'),
    isClientKnown: flag(row, 'is_client_known'),
    user: userOf(row),
    member: memberOf(row),
    scopes: scopesOf(text(row, 'scopes')),
    expiresAtMs: int(row, 'expires_at_ms'),
    isRevoked: intOrNull(row, 'revoked_at_ms') !== null,
    lastUsedAtMs: intOrNull(row, 'last_used_at_ms'),
    policy: policyOf(row),
  }
}

function userOf(row: Row): GrantUser | null {
  const id = intOrNull(row, 'user_id')
  if (id === null) return null
  const held = (textOrNull(row, 'user_roles') ?? '').split(' ')
  return {
    id,
    email: textOrNull(row, 'user_email') ?? '',
    // A person who is not there at all counts as disabled.
    isDisabled: intOrNull(row, 'is_user_disabled') !== 0,
    role: roles.find((role: Role) => held.includes(role)) ?? null,
  }
}

function memberOf(row: Row): GrantMember | null {
  const id = intOrNull(row, 'member_id')
  if (id === null) return null
  return {
    id,
    externalId: text(row, 'external_id'),
    email: textOrNull(row, 'member_email'),
    roles: JSON.parse(text(row, 'member_roles')) as string[],
    isBlocked: intOrNull(row, 'is_member_blocked') !== 0,
    callsPerMinute: intOrNull(row, 'member_calls_per_minute'),
  }
}

function policyOf(row: Row): GrantPolicy {
  return {
    // A project that has set nothing has no row (model/policy.ts).
    isMcpEnabled: intOrNull(row, 'is_mcp_enabled') !== 0,
    allowedClientIds: namesIn(textOrNull(row, 'allowed_client_ids')),
    policyScopes: namesIn(textOrNull(row, 'policy_scopes')),
  }
}

const none: readonly string[] = []

const namesIn = (column: string | null): readonly string[] =>
  column === null || column === '[]' ? none : (JSON.parse(column) as string[])
