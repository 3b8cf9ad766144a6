import {
  accessTokenPrefix,
  adminTokenPrefix,
  apiKeyPrefix,
  hashPresentedToken,
  sessionTokenPrefix,
} from '../crypto/opaque_token.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { ApiKeyPermission, Principal } from '../model/principal.ts'
import type { RateLimit } from '../model/rate_limit.ts'
import { findAdminTokenByHash } from '../store/admin_token_store.ts'
import {
  type CredentialRow,
  findCredentialByHash,
  findSession,
  type SessionRow,
} from '../store/credential_store.ts'
import type { Database } from '../store/database.ts'
import { authenticateAccessToken } from './access_token.ts'
import { bearerToken } from './bearer_token.ts'
import type { ReadSession, SessionTokens } from './session_tokens.ts'

/** What authentication reads: the primary store and the time. */
export interface AccessDeps {
  readonly database: Database
  readonly clock: Clock
  readonly sessions: SessionTokens
}

/**
 * Who calls a project's tools over MCP, from the Authorization header of this very request: an API
 * key, a member session token or an OAuth access token. Read from the store every time, so a
 * revocation counts from the next request on (R3).
 * @param address gives where the request came from, to be noted of a connection; null notes no use
 * @throws AppError missing_credential, invalid_api_key, project_suspended, mcp_disabled, or what
 * `authenticateMember` and `authenticateAccessToken` throw; invalid_member_assertion - an assertion
 * that was not exchanged
 */
export async function authenticate(
  deps: AccessDeps,
  authorization: string | null,
  address: (() => string | null) | null = null,
): Promise<Principal> {
  const token = bearerToken(authorization)
  if (token?.startsWith(accessTokenPrefix)) return authenticateAccessToken(deps, token, address)
  if (token?.startsWith(sessionTokenPrefix)) return authenticateMember(deps, token)
  if (token?.startsWith('eyJ')) {
    throw new AppError('invalid_member_assertion', {
      reason:
        'An assertion is exchanged at /api/v1/mcp/session-token; present the token from there.',
    })
  }
  return principalOf(withMcp(await readKey(deps, authorization)))
}

/**
 * As `authenticate` but for an API key only, and whether or not the project has MCP switched on.
 * @throws AppError missing_credential, invalid_api_key or project_suspended
 */
export async function authenticateApiKey(
  deps: AccessDeps,
  authorization: string | null,
): Promise<Principal> {
  return principalOf(await readKey(deps, authorization))
}

/** @throws AppError missing_credential, invalid_api_key or project_suspended */
async function readKey(deps: AccessDeps, authorization: string | null): Promise<CredentialRow> {
  const hash = presentedHash(authorization, apiKeyPrefix, 'invalid_api_key')
  return liveKey(await deps.database.read(() => findCredentialByHash(hash)), deps.clock)
}

/** Everything a session token stands on is read at once: each parent can end it (case 52). */
async function authenticateMember(deps: AccessDeps, token: string): Promise<Principal> {
  const session = await deps.sessions.read(token)
  if (session === null) throw new AppError('invalid_token')
  const { expiresAtSeconds, member, memberId, assertionKeyId, signingKid } = session
  const nowMs = deps.clock.nowMs()
  if (nowMs >= expiresAtSeconds * 1000) throw new AppError('member_token_expired')
  const found = await deps.database.read(() => findSession(session))
  const row = liveKey(found, deps.clock)
  refuseOrphan(row, session, deps)
  return {
    ...principalOf(withMcp(row)),
    kind: 'member',
    permissions: memberPermissions,
    member,
    session: { memberId, assertionKeyId, signingKid },
    expiresAtMs: expiresAtSeconds * 1000,
    rateLimits: sessionLimits(row, memberId),
  }
}

const memberPermissions: ReadonlySet<ApiKeyPermission> = new Set(['tools.call'])

/** @throws AppError invalid_member_assertion or invalid_token */
function refuseOrphan(row: SessionRow, session: ReadSession, deps: AccessDeps): void {
  const isSigned =
    row.isSignedByUs && (row.signedUntilMs === null || deps.clock.nowMs() < row.signedUntilMs)
  if (!isSigned) throw new AppError('invalid_token', { reason: 'Its signing key was retired.' })
  if (!row.isAssertionKeyActive) {
    throw new AppError('invalid_member_assertion', {
      reason: 'The assertion key behind this session was deactivated.',
    })
  }
  if (!row.isMemberWelcome) throw new AppError('invalid_token', { reason: 'Member is blocked.' })
  if (session.assertionKeyId === null && !deps.sessions.allowUnverified) {
    throw new AppError('invalid_token', { reason: 'No assertion stands behind this session.' })
  }
}

/** @throws AppError invalid_api_key or project_suspended */
function liveKey<T extends CredentialRow>(row: T | null, clock: Clock): T {
  if (row === null || !row.isActive || hasExpired(row.expiresAtMs, clock)) {
    throw new AppError('invalid_api_key')
  }
  if (row.isSuspended) throw new AppError('project_suspended')
  return row
}

/** @throws AppError mcp_disabled */
function withMcp<T extends CredentialRow>(row: T): T {
  if (!row.isMcpEnabled) throw new AppError('mcp_disabled')
  return row
}

/**
 * Who manages, from the Authorization header: an admin token, or an API key that carries
 * `project.manage` (wire.md §2, §10). `address` is where the request came from, for the record.
 * @throws AppError missing_credential, invalid_admin_token, invalid_api_key or permission_denied
 */
export async function authenticateAdministrator(
  deps: AccessDeps,
  authorization: string | null,
  address: string | null = null,
): Promise<Administrator> {
  if (bearerToken(authorization)?.startsWith(apiKeyPrefix)) {
    return administratorOf(await authenticateApiKey(deps, authorization), address)
  }
  const hash = presentedHash(authorization, adminTokenPrefix, 'invalid_admin_token')
  const token = await deps.database.read(() => findAdminTokenByHash(hash))
  if (token === null || hasExpired(token.expiresAtMs, deps.clock)) {
    throw new AppError('invalid_admin_token')
  }
  const label = `admin_token:${token.id}`
  const { projectId } = token
  return { kind: 'admin_token', projectId, label, address, rateLimits: noLimits }
}

function presentedHash(authorization: string | null, prefix: string, code: ErrorCode): Uint8Array {
  if (authorization === null) throw new AppError('missing_credential')
  const token = bearerToken(authorization)
  const hash = token?.startsWith(prefix) ? hashPresentedToken(token) : null
  if (hash === null) throw new AppError(code)
  return hash
}

const hasExpired = (expiresAtMs: number | null, clock: Clock) =>
  expiresAtMs !== null && clock.nowMs() >= expiresAtMs

function administratorOf(principal: Principal, address: string | null): Administrator {
  if (!principal.permissions.has('project.manage')) {
    throw new AppError('permission_denied', {
      reason: 'This API key does not carry the project.manage permission.',
    })
  }
  return {
    kind: 'api_key',
    projectId: principal.projectId,
    label: `api_key:${principal.apiKeyId}`,
    address,
    rateLimits: principal.rateLimits,
  }
}

const noLimits: readonly RateLimit[] = []

function keyLimits({ apiKeyId, callsPerMinute }: CredentialRow): readonly RateLimit[] {
  if (callsPerMinute === null) return noLimits
  return [{ bucket: `key:${apiKeyId}`, of: 'key', callsPerMinute }]
}

/** A member's calls count against its key's limit too. */
function sessionLimits(row: SessionRow, memberId: number): readonly RateLimit[] {
  const { memberCallsPerMinute: callsPerMinute } = row
  if (callsPerMinute === null) return keyLimits(row)
  return [...keyLimits(row), { bucket: `member:${memberId}`, of: 'member', callsPerMinute }]
}

function principalOf(row: CredentialRow): Principal {
  return {
    kind: 'api_key',
    projectId: row.projectId,
    projectSlug: row.projectSlug,
    projectEpoch: row.projectEpoch,
    integrationId: row.integrationId,
    apiKeyId: row.apiKeyId,
    session: null,
    grant: null,
    permissions: row.permissions,
    member: null,
    scopes: null,
    expiresAtMs: row.expiresAtMs,
    rateLimits: keyLimits(row),
  }
}
