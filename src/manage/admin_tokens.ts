import { adminTokenPrefix, newToken } from '../crypto/opaque_token.ts'
import type { Administrator, AdminToken } from '../model/admin_token.ts'
import {
  findAdminToken,
  insertAdminToken,
  listAdminTokens as listAll,
  revokeAdminToken as revoke,
} from '../store/admin_token_store.ts'
import { findProject } from '../store/project_store.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { notFound, requireWholeInstance } from './reach.ts'

/** What a new admin token says. */
export interface AdminTokenInput {
  readonly name: string
  /** Confines the token to one project; null for the whole instance. */
  readonly projectId: number | null
  readonly expiresAtMs: number | null
}

/** A token's record together with its text, at the one moment that is known. */
export interface CreatedAdminToken {
  readonly adminToken: AdminToken
  readonly token: string
}

/** Creates an admin token. */
export async function createAdminToken(
  deps: ManageDeps,
  admin: Administrator,
  input: AdminTokenInput,
): Promise<CreatedAdminToken> {
  requireWholeInstance(admin)
  const { projectId } = input
  if (projectId !== null && (await deps.database.read(() => findProject(projectId))) === null) {
    throw notFound('project')
  }
  const { token, hash, last4 } = newToken(adminTokenPrefix)
  const nowMs = deps.clock.nowMs()
  const adminToken = await deps.database.write(() =>
    insertAdminToken({ ...input, hash, last4, nowMs }),
  )
  if (adminToken === null) throw notFound('admin token')
  return { adminToken, token }
}

/** Lists the tokens that are not revoked. */
export function listAdminTokens(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest,
): Promise<CursorPage<AdminToken>> {
  requireWholeInstance(admin)
  const list = (position: string | null) => listAll(request.limit, position)
  return readPage(deps, 'admin_tokens', { ...request, list })
}

/** Revokes a token from the next request on. @throws AppError not_found */
export async function revokeAdminToken(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<void> {
  requireWholeInstance(admin)
  if ((await deps.database.read(() => findAdminToken(id))) === null) throw notFound('admin token')
  const nowMs = deps.clock.nowMs()
  await deps.database.write(() => revoke(id, nowMs))
}
