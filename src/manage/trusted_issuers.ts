import { jwksFault } from '../crypto/id_jag.ts'
import { AppError } from '../errors.ts'
import type { JsonValue } from '../lib/json.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { TrustedIssuer } from '../model/trusted_issuer.ts'
import { findProject } from '../store/project_store.ts'
import {
  findTrustedIssuerById,
  listTrustedIssuers as listAll,
  putTrustedIssuer as put,
  deleteTrustedIssuer as remove,
} from '../store/trusted_issuer_store.ts'
import { audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { inReach, notFound, projectInReach } from './reach.ts'

/** An identity provider to trust. */
export interface TrustedIssuerInput {
  readonly projectId: number | null
  readonly issuer: string
  /** A JWK Set as it was given. */
  readonly jwks: JsonValue
}

/**
 * Trusts an identity provider's assertions in a project, or gives a trusted one other keys.
 * @throws AppError validation_failed - a key is private, weak or of no use
 */
export async function putTrustedIssuer(
  deps: ManageDeps,
  admin: Administrator,
  input: TrustedIssuerInput,
): Promise<TrustedIssuer> {
  const projectId = projectInReach(admin, input.projectId)
  const fault = await jwksFault(input.jwks)
  if (fault !== null) {
    throw new AppError('validation_failed', { errors: [{ pointer: '/jwks', message: fault }] })
  }
  if ((await deps.database.read(() => findProject(projectId))) === null) throw notFound('project')
  const { issuer } = input
  const jwks = JSON.stringify(input.jwks)
  const written = await audited(deps, admin, {
    operation: () => put({ projectId, issuer, jwks, nowMs: deps.clock.nowMs() }),
    event: (made) => made && issuerEvent('put', made),
  })
  return inReach(admin, written, 'trusted issuer')
}

/** Lists the identity providers a project trusts. */
export function listTrustedIssuers(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & { readonly projectId: number | null },
): Promise<CursorPage<TrustedIssuer>> {
  const projectId = projectInReach(admin, request.projectId)
  const list = (position: string | null) => listAll(projectId, request.limit, position)
  return readPage(deps, `trusted_issuers|${projectId}`, { ...request, list })
}

/** Ends the trust in an identity provider. @throws AppError not_found */
export async function deleteTrustedIssuer(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<void> {
  const found = await deps.database.read(() => findTrustedIssuerById(id))
  const issuer = inReach(admin, found, 'trusted issuer')
  const nowMs = deps.clock.nowMs()
  await audited(deps, admin, {
    operation: () => remove(issuer.id, nowMs),
    event: () => issuerEvent('delete', issuer),
  })
}

const issuerEvent = (verb: string, { id, projectId, issuer }: TrustedIssuer) => ({
  action: `trusted_issuer.${verb}`,
  target: `trusted_issuer:${id}`,
  projectId,
  details: { issuer },
})
