import { isDocumentUrl } from '../model/client_document.ts'
import type { StoredOauthClient } from '../model/oauth_client.ts'
import { findOauthClient } from '../store/oauth_client_store.ts'
import type { ClientDeps } from './client_deps.ts'

/**
 * The client of an id: as it is stored, else from the metadata document the id is the URL of. Null for
 * one nobody knows, or whose integration is deactivated.
 * @param address whose request it is for; null on the machine itself
 * @throws OAuthError invalid_client (400) - its document cannot be had or used
 * @throws AppError rate_limited - too many documents are asked for; nothing was fetched
 */
export async function findClient(
  deps: Pick<ClientDeps, 'database' | 'clock' | 'documents'>,
  clientId: string,
  address: string | null = null,
): Promise<StoredOauthClient | null> {
  const stored = await deps.database.read(() => findOauthClient(clientId))
  if (stored !== null && isFresh(stored, deps.clock.nowMs())) return stored.isActive ? stored : null
  return isDocumentUrl(clientId) ? deps.documents.load(clientId, address) : null
}

const isFresh = ({ documentExpiresAtMs }: StoredOauthClient, nowMs: number) =>
  documentExpiresAtMs === null || nowMs < documentExpiresAtMs
