import { readPublicKey } from '../crypto/public_key.ts'
import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { AssertionKey } from '../model/assertion_key.ts'
import {
  deactivateAssertionKey as deactivate,
  findAssertionKey,
  insertAssertionKey,
  listAssertionKeys as listAll,
} from '../store/assertion_key_store.ts'
import { findProject } from '../store/project_store.ts'
import { audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { inReach, notFound, projectInReach } from './reach.ts'

/** A public key to register. */
export interface AssertionKeyInput {
  readonly projectId: number | null
  readonly kid: string
  /** SPKI in PEM. */
  readonly publicKey: string
  /** Inferred from the key when null. */
  readonly algorithm: string | null
}

/**
 * Registers a public key that a customer's backend signs member assertions with (wire.md §4).
 * @throws AppError invalid_public_key, unsupported_algorithm or kid_taken
 */
export async function registerAssertionKey(
  deps: ManageDeps,
  admin: Administrator,
  input: AssertionKeyInput,
): Promise<AssertionKey> {
  const projectId = projectInReach(admin, input.projectId)
  const { algorithm, pem } = readPublicKey(input.publicKey, input.algorithm)
  if ((await deps.database.read(() => findProject(projectId))) === null) throw notFound('project')
  const { kid } = input
  const key = { projectId, kid, algorithm, publicKey: pem, nowMs: deps.clock.nowMs() }
  const inserted = await audited(deps, admin, {
    operation: () => insertAssertionKey(key),
    event: (made) => made && keyEvent('register', made),
  })
  if (inserted !== null) return inserted
  throw new AppError('kid_taken', { reason: 'Deactivate the key of that kid first.' })
}

const keyEvent = (verb: string, { id, projectId, kid, algorithm }: AssertionKey) => ({
  action: `assertion_key.${verb}`,
  target: `assertion_key:${id}`,
  projectId,
  details: { kid, algorithm },
})

/** Lists a project's assertion keys, deactivated ones too. */
export function listAssertionKeys(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & { readonly projectId: number | null },
): Promise<CursorPage<AssertionKey>> {
  const projectId = projectInReach(admin, request.projectId)
  const list = (position: string | null) => listAll(projectId, request.limit, position)
  return readPage(deps, `assertion_keys|${projectId}`, { ...request, list })
}

/** Finds an assertion key, active or not. @throws AppError not_found */
export async function getAssertionKey(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<AssertionKey> {
  return inReach(admin, await deps.database.read(() => findAssertionKey(id)), 'assertion key')
}

/** Deactivates a key; assertions and session tokens that stand on it are refused from then on. */
export async function deactivateAssertionKey(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<void> {
  const key = await getAssertionKey(deps, admin, id)
  const nowMs = deps.clock.nowMs()
  await audited(deps, admin, {
    operation: () => deactivate(key.id, nowMs),
    event: () => keyEvent('deactivate', key),
  })
}
