import type {
  ClientAuthMethod,
  OauthClient,
  OauthClientKind,
  StoredOauthClient,
} from '../model/oauth_client.ts'
import { blobOrNull, flag, int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

const SELECT = `SELECT c.*, i.project_id, COALESCE(i.is_active, 1) AS is_active
FROM oauth_clients c LEFT JOIN integrations i ON i.id = c.integration_id
WHERE c.deleted_at_ms IS NULL`

/** A secret to store: never its text. */
export interface NewClientSecret {
  readonly hash: Uint8Array
  readonly last4: string
}

/** What a new client starts with. */
export interface NewOauthClient
  extends Pick<OauthClient, 'clientId' | 'integrationId' | 'name' | 'redirectUris' | 'authMethod'> {
  readonly kind: Exclude<OauthClientKind, 'document'>
  /** Null for a public client. */
  readonly secret: NewClientSecret | null
  readonly nowMs: number
}

/** Inserts a client; null when the client id is taken. */
export function* insertOauthClient(client: NewOauthClient): Operation<StoredOauthClient | null> {
  const rows = yield {
    sql: `INSERT INTO oauth_clients
      (client_id, kind, integration_id, name, redirect_uris, auth_method, secret_hash,
        secret_last4, is_pinned, created_at_ms)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9) ON CONFLICT DO NOTHING RETURNING id`,
    params: [
      client.clientId,
      client.kind,
      client.integrationId,
      client.name,
      JSON.stringify(client.redirectUris),
      client.authMethod,
      client.secret?.hash ?? null,
      client.secret?.last4 ?? null,
      client.nowMs,
    ],
  }
  return rows.length === 0 ? null : yield* findOauthClient(client.clientId)
}

/** Finds a client that is not deleted; one of an inactive integration too, marked as such. */
export function* findOauthClient(clientId: string): Operation<StoredOauthClient | null> {
  const [row] = yield { sql: `${SELECT} AND c.client_id = $1`, params: [clientId] }
  return row === undefined ? null : clientOf(row)
}

/** Finds a client by the id of its row. */
export function* findOauthClientById(id: number): Operation<StoredOauthClient | null> {
  const [row] = yield { sql: `${SELECT} AND c.id = $1`, params: [id] }
  return row === undefined ? null : clientOf(row)
}

/** Finds the client of an integration. */
export function* findIntegrationClient(integrationId: number): Operation<StoredOauthClient | null> {
  const [row] = yield { sql: `${SELECT} AND c.integration_id = $1`, params: [integrationId] }
  return row === undefined ? null : clientOf(row)
}

// A client of the whole installation is of a project's concern once somebody has connected it there.
const OF_PROJECT = `(i.project_id = $1 OR (c.integration_id IS NULL AND EXISTS
  (SELECT 1 FROM grants g WHERE g.project_id = $1 AND g.client_id = c.client_id)))`

/** Lists the clients of a project, or all with `projectId` null, by id from after `position`. */
export function* listOauthClients(
  projectId: number | null,
  limit: number,
  position: string | null,
): Operation<Page<StoredOauthClient>> {
  const rows = yield {
    sql: `${SELECT} AND (CAST($1 AS BIGINT) IS NULL OR ${OF_PROJECT})
      AND c.id > $2 ORDER BY c.id LIMIT $3`,
    params: [projectId, Number(position ?? 0), limit + 1],
  }
  return pageOf(rows.map(clientOf), limit, (client) => String(client.id))
}

/** Whether anybody of the project has ever connected the client. */
export function* isConnectedTo(projectId: number, clientId: string): Operation<boolean> {
  const rows = yield {
    sql: 'SELECT 1 AS found FROM grants WHERE project_id = $1 AND client_id = $2 LIMIT 1',
    params: [projectId, clientId],
  }
  return rows.length > 0
}

/** A secret that takes the place of another. */
export interface SecretChange {
  readonly id: number
  readonly secret: NewClientSecret
  /** Until when the one before counts too; null: it ends now. */
  readonly previousUntilMs: number | null
}

/** Replaces a client's secret; the one before counts on for a while where told (case 121). */
export function* updateClientSecret(change: SecretChange): Operation<void> {
  const { id, secret, previousUntilMs } = change
  yield {
    sql: `UPDATE oauth_clients SET
      previous_secret_hash = CASE WHEN CAST($4 AS BIGINT) IS NULL THEN NULL ELSE secret_hash END,
      previous_secret_until_ms = $4, secret_hash = $2, secret_last4 = $3 WHERE id = $1`,
    params: [id, secret.hash, secret.last4, previousUntilMs],
  }
}

/** Which fields of a client to write. */
export interface ClientFields {
  readonly id: number
  readonly name: string
  readonly redirectUris: readonly string[]
}

/** Writes a client's name and redirect URIs. */
export function* updateOauthClient({ id, name, redirectUris }: ClientFields): Operation<void> {
  yield {
    sql: 'UPDATE oauth_clients SET name = $2, redirect_uris = $3 WHERE id = $1',
    params: [id, name, JSON.stringify(redirectUris)],
  }
}

/** Deletes a client from this commit on; the row stays, and its client id is never used again. */
export function* deleteOauthClient(id: number, nowMs: number): Operation<void> {
  yield {
    sql: `UPDATE oauth_clients SET deleted_at_ms = $2, secret_hash = NULL,
      previous_secret_hash = NULL, previous_secret_until_ms = NULL
      WHERE id = $1 AND deleted_at_ms IS NULL`,
    params: [id, nowMs],
  }
}

/** Removes the row of a document: whoever names its URL again has it fetched again. */
export function* deleteDocument(id: number): Operation<void> {
  yield { sql: `DELETE FROM oauth_clients WHERE id = $1 AND kind = 'document'`, params: [id] }
}

/** Notes that a client was used; the minute is exact enough. */
export function* touchOauthClient(id: number, nowMs: number): Operation<void> {
  yield {
    sql: `UPDATE oauth_clients SET last_used_at_ms = $2
      WHERE id = $1 AND (last_used_at_ms IS NULL OR last_used_at_ms < $2 - 60000)`,
    params: [id, nowMs],
  }
}

/** A client metadata document to keep. */
export interface DocumentCopy {
  /** The URL it came from, which is the client id. */
  readonly clientId: string
  readonly name: string
  readonly redirectUris: readonly string[]
  /** The document's text. */
  readonly document: string
  /** Null where it is pinned: it stands until an administrator changes it. */
  readonly expiresAtMs: number | null
  readonly isPinned: boolean
  readonly nowMs: number
}

/**
 * Keeps a document, in place of an older copy; a fetched one never takes the place of a pinned one.
 * What stands then is given back.
 */
export function* upsertDocument(copy: DocumentCopy): Operation<StoredOauthClient | null> {
  yield {
    sql: `INSERT INTO oauth_clients
      (client_id, kind, name, redirect_uris, auth_method, document, document_expires_at_ms,
        is_pinned, created_at_ms)
      VALUES ($1, 'document', $2, $3, 'none', $4, $5, $6, $7)
      ON CONFLICT (client_id) DO UPDATE SET name = excluded.name,
        redirect_uris = excluded.redirect_uris, document = excluded.document,
        document_expires_at_ms = excluded.document_expires_at_ms,
        is_pinned = excluded.is_pinned, deleted_at_ms = NULL
      WHERE oauth_clients.kind = 'document'
        AND (oauth_clients.is_pinned = 0 OR excluded.is_pinned = 1)`,
    params: [
      copy.clientId,
      copy.name,
      JSON.stringify(copy.redirectUris),
      copy.document,
      copy.expiresAtMs,
      copy.isPinned ? 1 : 0,
      copy.nowMs,
    ],
  }
  return yield* findOauthClient(copy.clientId)
}

/** Whether an administrator has put any document in place. */
export function* hasPinnedDocument(): Operation<boolean> {
  const rows = yield {
    sql: `SELECT 1 AS found FROM oauth_clients WHERE kind = 'document' AND is_pinned = 1
      AND deleted_at_ms IS NULL LIMIT 1`,
    params: [],
  }
  return rows.length > 0
}

/** How many registered clients nobody has used yet. */
export function* countUnusedClients(): Operation<number> {
  const [row] = yield {
    sql: `SELECT COUNT(*) AS unused FROM oauth_clients WHERE kind = 'registered'
      AND last_used_at_ms IS NULL AND deleted_at_ms IS NULL`,
    params: [],
  }
  return row === undefined ? 0 : int(row, 'unused')
}

/** Removes registered clients that were made before `beforeMs` and never used (case 125). */
export function* deleteUnusedClients(beforeMs: number): Operation<void> {
  yield {
    sql: `DELETE FROM oauth_clients WHERE kind = 'registered' AND last_used_at_ms IS NULL
      AND created_at_ms < $1`,
    params: [beforeMs],
  }
}

/** Removes copies of documents that were never used, all but the newest `keep` (case 124). */
export function* deleteUnusedDocuments(keep: number): Operation<void> {
  yield {
    sql: `DELETE FROM oauth_clients WHERE kind = 'document' AND is_pinned = 0
      AND last_used_at_ms IS NULL AND id <= COALESCE((SELECT c.id FROM oauth_clients c
        WHERE c.kind = 'document' AND c.is_pinned = 0 AND c.last_used_at_ms IS NULL
        ORDER BY c.id DESC LIMIT 1 OFFSET $1), 0)`,
    params: [keep],
  }
}

function clientOf(row: Row): StoredOauthClient {
  const kind = text(row, 'kind') as OauthClientKind
  const clientId = text(row, 'client_id')
  return {
    id: int(row, 'id'),
    clientId,
    kind,
    integrationId: intOrNull(row, 'integration_id'),
    projectId: intOrNull(row, 'project_id'),
    name: text(row, 'name'),
    redirectUris: JSON.parse(text(row, 'redirect_uris')) as string[],
    authMethod: text(row, 'auth_method') as ClientAuthMethod,
    secretHash: blobOrNull(row, 'secret_hash'),
    secretLast4: textOrNull(row, 'secret_last4'),
    previousSecretHash: blobOrNull(row, 'previous_secret_hash'),
    previousSecretUntilMs: intOrNull(row, 'previous_secret_until_ms'),
    verifiedHost: kind === 'document' ? (URL.parse(clientId)?.host ?? null) : null,
    documentExpiresAtMs: intOrNull(row, 'document_expires_at_ms'),
    isPinned: flag(row, 'is_pinned'),
    isActive: flag(row, 'is_active'),
    createdAtMs: int(row, 'created_at_ms'),
    lastUsedAtMs: intOrNull(row, 'last_used_at_ms'),
  }
}
