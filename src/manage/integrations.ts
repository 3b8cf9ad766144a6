import { apiKeyPrefix, newToken } from '../crypto/opaque_token.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { ApiKeySummary, Integration } from '../model/integration.ts'
import type { ApiKeyPermission } from '../model/principal.ts'
import {
  findIntegration,
  insertIntegration,
  listIntegrations as listAll,
  type NewApiKey,
  deleteIntegration as removeIntegration,
  replaceApiKey,
  updateIntegration as writeIntegration,
} from '../store/integration_store.ts'
import { findProject } from '../store/project_store.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { inReach, notFound, projectInReach } from './reach.ts'

/** What a new integration says. */
export interface IntegrationInput {
  readonly projectId: number | null
  readonly name: string
  readonly permissions: readonly ApiKeyPermission[]
  readonly expiresAtMs: number | null
  readonly callsPerMinute: number | null
}

/** An integration together with its key, at the one moment the key's text is known. */
export interface IntegrationWithKey {
  readonly integration: Integration
  readonly apiKey: string
}

/** Creates an integration and its API key. */
export async function createIntegration(
  deps: ManageDeps,
  admin: Administrator,
  input: IntegrationInput,
): Promise<IntegrationWithKey> {
  const projectId = projectInReach(admin, input.projectId)
  if ((await deps.database.read(() => findProject(projectId))) === null) throw notFound('project')
  const { token, stored } = newKey(input)
  const { name } = input
  const nowMs = deps.clock.nowMs()
  const integration = await deps.database.write(() =>
    insertIntegration({ projectId, name, apiKey: stored, nowMs }),
  )
  if (integration === null) throw notFound('integration')
  return { integration, apiKey: token }
}

type KeyTerms = Pick<IntegrationInput, 'permissions' | 'expiresAtMs' | 'callsPerMinute'>

function newKey(terms: KeyTerms): { token: string; stored: NewApiKey } {
  const { token, hash, last4 } = newToken(apiKeyPrefix)
  const { permissions, expiresAtMs, callsPerMinute } = terms
  return { token, stored: { hash, last4, permissions, expiresAtMs, callsPerMinute } }
}

/** Lists a project's integrations. */
export function listIntegrations(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & { readonly projectId: number | null },
): Promise<CursorPage<Integration>> {
  const projectId = projectInReach(admin, request.projectId)
  const list = (position: string | null) => listAll(projectId, request.limit, position)
  return readPage(deps, `integrations|${projectId}`, { ...request, list })
}

/** Finds an integration. @throws AppError not_found */
export async function getIntegration(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<Integration> {
  return inReach(admin, await deps.database.read(() => findIntegration(id)), 'integration')
}

/** Which fields of an integration change; the others stay. */
export type IntegrationChange = Partial<
  Pick<Integration, 'name' | 'isActive'> & Pick<ApiKeySummary, 'callsPerMinute'>
>

/** Changes an integration; deactivated, its key is refused from the next request on. */
export async function updateIntegration(
  deps: ManageDeps,
  admin: Administrator,
  target: { readonly id: number; readonly change: IntegrationChange },
): Promise<Integration> {
  const integration = await getIntegration(deps, admin, target.id)
  const { callsPerMinute = integration.apiKey.callsPerMinute, ...fields } = target.change
  const apiKey = { ...integration.apiKey, callsPerMinute }
  const changed = { ...integration, ...fields, apiKey }
  const written = await deps.database.write(() => writeIntegration(changed))
  return inReach(admin, written, 'integration')
}

/** Replaces an integration's key; the old one is refused from the next request on. */
export async function rotateApiKey(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<IntegrationWithKey> {
  const integration = await getIntegration(deps, admin, id)
  const { token, stored } = newKey(integration.apiKey)
  const nowMs = deps.clock.nowMs()
  const written = await deps.database.write(() => replaceApiKey(integration, stored, nowMs))
  return { integration: inReach(admin, written, 'integration'), apiKey: token }
}

/** Deletes an integration; its key is refused from the next request on. */
export async function deleteIntegration(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<void> {
  const integration = await getIntegration(deps, admin, id)
  const nowMs = deps.clock.nowMs()
  await deps.database.write(() => removeIntegration(integration.id, nowMs))
}
