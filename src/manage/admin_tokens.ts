import { adminTokenPrefix, newToken } from '../crypto/opaque_token.ts'
import type { Administrator, AdminToken } from '../model/admin_token.ts'
import {
  findAdminToken,
  insertAdminToken,
  listAdminTokens as listAll,
  revokeAdminToken as revoke,
} from '../store/admin_token_store.ts'
import { findProject } from '../store/project_store.ts'
import { audited } from './audit.ts'
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
  const adminToken = await audited(deps, admin, {
    operation: () => insertAdminToken({ ...input, hash, last4, nowMs }),
    event: (made) => made && tokenEvent('create', made),
  })
  if (adminToken === null) throw notFound('admin token')
  return { adminToken, token }
}

const tokenEvent = (verb: string, { id, projectId, name }: AdminToken) => ({
  action: `admin_token.${verb}`,
  target: `admin_token:${id}`,
  projectId,
  details: { name },
})

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
  const token = await deps.database.read(() => findAdminToken(id))
  if (token === null) throw notFound('admin token')
  const nowMs = deps.clock.nowMs()
  await audited(deps, admin, {
    operation: () => revoke(id, nowMs),
    event: () => tokenEvent('revoke', token),
  })
}
