import { AppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Administrator } from '../model/admin_token.ts'
import {
  type ClientDocument,
  documentUrlFault,
  maxDocumentBytes,
  readClientDocument,
} from '../model/client_document.ts'
import type { StoredOauthClient } from '../model/oauth_client.ts'
import type { Operation } from '../store/database.ts'
import { revokeGrantsOf } from '../store/grant_store.ts'
import {
  deleteDocument,
  findOauthClientById,
  isConnectedTo,
  listOauthClients as listAll,
  deleteOauthClient as removeClient,
  upsertDocument,
} from '../store/oauth_client_store.ts'
import { audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { notFound, projectInReach, requireWholeInstance } from './reach.ts'

/**
 * Lists OAuth clients: those of a project's integrations and those people have connected to it; with a
 * credential for everything and no project named, all there are.
 */
export function listOauthClients(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & { readonly projectId: number | null },
): Promise<CursorPage<StoredOauthClient>> {
  const isAll = admin.projectId === null && request.projectId === null
  const projectId = isAll ? null : projectInReach(admin, request.projectId)
  const list = (position: string | null) => listAll(projectId, request.limit, position)
  return readPage(deps, `oauth_clients|${projectId ?? 'all'}`, { ...request, list })
}

/** Finds an OAuth client. @throws AppError not_found - also where the credential may not see it */
export async function getOauthClient(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<StoredOauthClient> {
  const client = await deps.database.read(() => visibleClient(id, admin.projectId))
  if (client === null) throw notFound('OAuth client')
  return client
}

function* visibleClient(id: number, own: number | null): Operation<StoredOauthClient | null> {
  const client = yield* findOauthClientById(id)
  if (client === null || own === null || client.projectId === own) return client
  const isShared = client.integrationId === null && (yield* isConnectedTo(own, client.clientId))
  return isShared ? client : null
}

/**
 * Deletes a client nobody has set up here: one that registered itself, or the copy of a document. Its
 * grants end; what it may do when it comes back is for the policies to say.
 * @throws AppError bad_request - it belongs to an integration; permission_denied
 */
export async function deleteOauthClient(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<void> {
  const client = await getOauthClient(deps, admin, id)
  if (client.integrationId !== null) {
    const reason = `Delete integration ${client.integrationId}, which it belongs to.`
    throw new AppError('bad_request', { reason })
  }
  requireWholeInstance(admin)
  const nowMs = deps.clock.nowMs()
  const { clientId } = client
  await audited(deps, admin, {
    operation: function* () {
      if (client.kind === 'document') yield* deleteDocument(id)
      else yield* removeClient(id, nowMs)
      return yield* revokeGrantsOf({ clientId }, { nowMs, because: 'Its client was deleted.' })
    },
    event: (ended) => ({
      action: 'oauth_client.delete',
      target: `oauth_client:${id}`,
      projectId: null,
      details: { client_id: clientId, name: client.name, grants_ended: ended.length },
    }),
  })
}

/** A client metadata document to put in place. */
export interface PinnedDocument {
  /** Its URL. */
  readonly clientId: string
  /** The document; null to fetch it now, this once. */
  readonly document: JsonObject | null
}

/**
 * Puts a client metadata document in place for good: it is never fetched again
 * (draft-ietf-oauth-client-id-metadata-document §7.2), so the installation needs no way out.
 * @throws AppError validation_failed - the URL or the document cannot be used, or not be fetched
 */
export async function pinClientDocument(
  deps: ManageDeps,
  admin: Administrator,
  input: PinnedDocument,
): Promise<StoredOauthClient> {
  requireWholeInstance(admin)
  const { name, redirectUris, text } = await documentOf(deps, input)
  const { clientId } = input
  const nowMs = deps.clock.nowMs()
  const copy = { clientId, name, redirectUris, document: text, expiresAtMs: null, nowMs }
  const pinned = await audited(deps, admin, {
    operation: () => upsertDocument({ ...copy, isPinned: true }),
    event: (client) =>
      client && {
        action: 'oauth_client.pin',
        target: `oauth_client:${client.id}`,
        projectId: null,
        details: { client_id: clientId, name, redirect_uris: [...redirectUris] },
      },
  })
  if (pinned === null) throw notFound('OAuth client')
  return pinned
}

async function documentOf(
  deps: ManageDeps,
  { clientId, document }: PinnedDocument,
): Promise<ClientDocument> {
  const urlFault = documentUrlFault(clientId)
  if (urlFault !== null) throw invalid('/client_id', urlFault)
  if (document === null) return deps.readClientDocument(clientId)
  const text = JSON.stringify(document)
  if (Buffer.byteLength(text) <= maxDocumentBytes) return readClientDocument(clientId, text)
  throw invalid('/document', `is larger than ${maxDocumentBytes} bytes`)
}

const invalid = (pointer: string, message: string) =>
  new AppError('validation_failed', { errors: [{ pointer, message }] })
