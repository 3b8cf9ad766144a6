import { adminTokenPrefix, apiKeyPrefix, hashPresentedToken } from '../crypto/opaque_token.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { Principal } from '../model/principal.ts'
import { findAdminTokenByHash } from '../store/admin_token_store.ts'
import { type CredentialRow, findCredentialByHash } from '../store/credential_store.ts'
import type { Database } from '../store/database.ts'
import { bearerToken } from './bearer_token.ts'

/** What authentication reads: the primary store and the time. */
export interface AccessDeps {
  readonly database: Database
  readonly clock: Clock
}

/**
 * Who calls a project's tools, from the Authorization header of this very request. Read from the
 * store every time, so a revocation counts from the next request on (R3).
 * @throws AppError missing_credential, invalid_api_key or project_suspended
 */
export async function authenticate(
  deps: AccessDeps,
  authorization: string | null,
): Promise<Principal> {
  const hash = presentedHash(authorization, apiKeyPrefix, 'invalid_api_key')
  const row = await deps.database.read(() => findCredentialByHash(hash))
  if (row === null || !row.isActive || hasExpired(row.expiresAtMs, deps.clock)) {
    throw new AppError('invalid_api_key')
  }
  if (row.isSuspended) throw new AppError('project_suspended')
  return principalOf(row)
}

/**
 * Who manages, from the Authorization header: an admin token, or an API key that carries
 * `project.manage` (wire.md §2, §10).
 * @throws AppError missing_credential, invalid_admin_token, invalid_api_key or permission_denied
 */
export async function authenticateAdministrator(
  deps: AccessDeps,
  authorization: string | null,
): Promise<Administrator> {
  if (bearerToken(authorization)?.startsWith(apiKeyPrefix)) {
    return administratorOf(await authenticate(deps, authorization))
  }
  const hash = presentedHash(authorization, adminTokenPrefix, 'invalid_admin_token')
  const token = await deps.database.read(() => findAdminTokenByHash(hash))
  if (token === null || hasExpired(token.expiresAtMs, deps.clock)) {
    throw new AppError('invalid_admin_token')
  }
  return { kind: 'admin_token', projectId: token.projectId, label: `admin_token:${token.id}` }
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

function administratorOf(principal: Principal): Administrator {
  if (!principal.permissions.has('project.manage')) {
    throw new AppError('permission_denied', {
      reason: 'This API key does not carry the project.manage permission.',
    })
  }
  return {
    kind: 'api_key',
    projectId: principal.projectId,
    label: `api_key:${principal.apiKeyId}`,
  }
}

function principalOf(row: CredentialRow): Principal {
  return {
    kind: 'api_key',
    projectId: row.projectId,
    projectSlug: row.projectSlug,
    projectEpoch: row.projectEpoch,
    integrationId: row.integrationId,
    apiKeyId: row.apiKeyId,
    permissions: row.permissions,
    member: null,
    scopes: null,
    expiresAtMs: row.expiresAtMs,
  }
}
