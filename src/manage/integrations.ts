import { apiKeyPrefix, newToken } from '../crypto/opaque_token.ts'
import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { ApiKeySummary, Integration, OauthClientSummary } from '../model/integration.ts'
import type { ApiKeyPermission } from '../model/principal.ts'
import { revokeGrantsOf } from '../store/grant_store.ts'
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
import { type Audited, audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { inReach, notFound, projectInReach } from './reach.ts'
import { checkRedirectUris } from './redirect_uris.ts'

/** What a new integration with an API key says. */
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
  const integration = await audited(deps, admin, {
    operation: () => insertIntegration({ projectId, name, apiKey: stored, nowMs }),
    event: (made) => made && integrationEvent('create', made),
  })
  if (integration === null) throw notFound('integration')
  return { integration, apiKey: token }
}

/** What goes on record of a change to an integration. */
export const integrationEvent = (
  verb: string,
  { id, projectId, name, kind }: Integration,
  details: Audited['details'] = {},
): Audited => ({
  action: `integration.${verb}`,
  target: `integration:${id}`,
  projectId,
  details: { name, kind, ...details },
})

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
  Pick<Integration, 'name' | 'isActive'> &
    Pick<ApiKeySummary, 'callsPerMinute'> &
    Pick<OauthClientSummary, 'redirectUris'>
>

/**
 * Changes an integration; deactivated, its credential is refused from the next request on.
 * @throws AppError validation_failed - a field is not one of this kind of integration
 */
export async function updateIntegration(
  deps: ManageDeps,
  admin: Administrator,
  target: { readonly id: number; readonly change: IntegrationChange },
): Promise<Integration> {
  const integration = await getIntegration(deps, admin, target.id)
  const changed = applied(integration, target.change)
  const written = await audited(deps, admin, {
    operation: () => writeIntegration(changed),
    event: (after) => after && integrationEvent('update', after, { is_active: after.isActive }),
  })
  return inReach(admin, written, 'integration')
}

function applied(integration: Integration, change: IntegrationChange): Integration {
  const { apiKey, oauthClient } = integration
  const { callsPerMinute, redirectUris, ...fields } = change
  if (callsPerMinute !== undefined && apiKey === null) throw misplaced('calls_per_minute')
  if (redirectUris !== undefined && oauthClient === null) throw misplaced('redirect_uris')
  checkRedirectUris(redirectUris ?? [])
  return {
    ...integration,
    ...fields,
    apiKey: apiKey && { ...apiKey, callsPerMinute: callsPerMinute ?? fallback(change, apiKey) },
    oauthClient: oauthClient && {
      ...oauthClient,
      redirectUris: redirectUris ?? oauthClient.redirectUris,
    },
  }
}

/** Null is a limit of its own: none. */
const fallback = (change: IntegrationChange, { callsPerMinute }: ApiKeySummary) =>
  change.callsPerMinute === undefined ? callsPerMinute : null

function misplaced(field: string): AppError {
  const message = 'is not a field of this kind of integration'
  return new AppError('validation_failed', { errors: [{ pointer: `/${field}`, message }] })
}

/** Replaces an integration's key; the old one is refused from the next request on. */
export async function rotateApiKey(
  deps: ManageDeps,
  admin: Administrator,
  integration: Integration & { readonly apiKey: ApiKeySummary },
): Promise<IntegrationWithKey> {
  const { token, stored } = newKey(integration.apiKey)
  const nowMs = deps.clock.nowMs()
  const written = await audited(deps, admin, {
    operation: () => replaceApiKey(integration, stored, nowMs),
    event: (after) => after && integrationEvent('rotate', after),
  })
  return { integration: inReach(admin, written, 'integration'), apiKey: token }
}

/** Deletes an integration; its credential is refused from the next request on, its grants end. */
export async function deleteIntegration(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<void> {
  const integration = await getIntegration(deps, admin, id)
  const nowMs = deps.clock.nowMs()
  await audited(deps, admin, {
    operation: function* () {
      yield* removeIntegration(integration.id, nowMs)
      const because = 'Its integration was deleted.'
      return yield* revokeGrantsOf({ integrationId: integration.id }, { nowMs, because })
    },
    event: (ended) => integrationEvent('delete', integration, { grants_ended: ended.length }),
  })
}
