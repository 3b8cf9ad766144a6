import { AppError } from '../errors.ts'
import type {
  ApiKeySummary,
  Integration,
  IntegrationKind,
  OauthClientSummary,
} from '../model/integration.ts'
import type { ApiKeyPermission } from '../model/principal.ts'
import { flag, int, intOrNull, text } from './columns.ts'
import { permissionsColumn, permissionsOf } from './credential_store.ts'
import type { Operation, Row } from './database.ts'
import {
  deleteOauthClient,
  findIntegrationClient,
  insertOauthClient,
  type NewOauthClient,
  updateOauthClient,
} from './oauth_client_store.ts'
import { type Page, pageOf } from './page.ts'

const SELECT = `SELECT i.id, i.project_id, i.name, i.kind, i.is_active, i.created_at_ms,
  k.id AS key_id, k.last4, k.permissions, k.created_at_ms AS key_created_at_ms, k.expires_at_ms,
  k.calls_per_minute,
  c.id AS client_row_id, c.client_id, c.secret_last4, c.redirect_uris, c.previous_secret_until_ms
FROM integrations i
LEFT JOIN api_keys k ON k.integration_id = i.id AND k.revoked_at_ms IS NULL
LEFT JOIN oauth_clients c ON c.integration_id = i.id AND c.deleted_at_ms IS NULL
WHERE i.deleted_at_ms IS NULL`

/** A key to store: never its text. */
export interface NewApiKey {
  readonly hash: Uint8Array
  readonly last4: string
  readonly permissions: Iterable<ApiKeyPermission>
  readonly expiresAtMs: number | null
  readonly callsPerMinute: number | null
}

/** What a new integration starts with. */
export interface NewIntegration {
  readonly projectId: number
  readonly name: string
  readonly apiKey: NewApiKey
  readonly nowMs: number
}

/** Inserts an integration with its key. */
export function* insertIntegration(input: NewIntegration): Operation<Integration | null> {
  const id = yield* insertRow({ ...input, kind: 'api_key' })
  yield* insertKey(input.projectId, id, input)
  return yield* findIntegration(id)
}

/**
 * Inserts an integration that is an OAuth client of its own.
 * @throws AppError internal - the client id is taken; nothing is written
 */
export function* insertClientIntegration(
  input: Omit<NewIntegration, 'apiKey'> & { readonly client: IntegrationClient },
): Operation<Integration | null> {
  const { client, name, nowMs } = input
  const integrationId = yield* insertRow({ ...input, kind: 'oauth_client' })
  const authMethod = 'client_secret_post' as const
  const kind = 'integration' as const
  const row = { ...client, integrationId, name, authMethod, kind, nowMs }
  if ((yield* insertOauthClient(row)) === null) throw new AppError('internal')
  return yield* findIntegration(integrationId)
}

/** What the client of an integration starts with. */
export type IntegrationClient = Pick<NewOauthClient, 'clientId' | 'redirectUris' | 'secret'>

/**
 * The integration that stands for the clients people sign in with: registered ones, and those known by
 * their document. Made when the first of them connects; active or not, as it is found.
 */
export function* findOrInsertSignInIntegration(
  projectId: number,
  nowMs: number,
): Operation<Integration> {
  const [row] = yield {
    sql: `${SELECT} AND i.project_id = $1 AND i.kind = 'sign_in' ORDER BY i.id LIMIT 1`,
    params: [projectId],
  }
  if (row !== undefined) return integrationOf(row)
  const id = yield* insertRow({ projectId, name: 'Sign-in', kind: 'sign_in', nowMs })
  const made = yield* findIntegration(id)
  if (made === null) throw new AppError('internal')
  return made
}

interface NewRow extends Omit<NewIntegration, 'apiKey'> {
  readonly kind: IntegrationKind
}

function* insertRow({ projectId, name, kind, nowMs }: NewRow): Operation<number> {
  const [row] = yield {
    sql: `INSERT INTO integrations (project_id, name, kind, is_active, created_at_ms)
      VALUES ($1, $2, $3, 1, $4) RETURNING id`,
    params: [projectId, name, kind, nowMs],
  }
  return row === undefined ? 0 : int(row, 'id')
}

function* insertKey(
  projectId: number,
  integrationId: number,
  input: Pick<NewIntegration, 'apiKey' | 'nowMs'>,
): Operation<void> {
  const { apiKey, nowMs } = input
  yield {
    sql: `INSERT INTO api_keys
      (project_id, integration_id, hash, last4, permissions, created_at_ms, expires_at_ms,
        calls_per_minute)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    params: [
      projectId,
      integrationId,
      apiKey.hash,
      apiKey.last4,
      permissionsColumn(apiKey.permissions),
      nowMs,
      apiKey.expiresAtMs,
      apiKey.callsPerMinute,
    ],
  }
}

/** Revokes an integration's key and gives it a new one, in one step. */
export function* replaceApiKey(
  integration: Integration,
  apiKey: NewApiKey,
  nowMs: number,
): Operation<Integration | null> {
  yield* revokeKeys(integration.id, nowMs)
  yield* insertKey(integration.projectId, integration.id, { apiKey, nowMs })
  return yield* findIntegration(integration.id)
}

function* revokeKeys(integrationId: number, nowMs: number): Operation<void> {
  yield {
    sql: `UPDATE api_keys SET revoked_at_ms = $2
      WHERE integration_id = $1 AND revoked_at_ms IS NULL`,
    params: [integrationId, nowMs],
  }
}

/** Finds an integration by id. */
export function* findIntegration(id: number): Operation<Integration | null> {
  const [row] = yield { sql: `${SELECT} AND i.id = $1`, params: [id] }
  return row === undefined ? null : integrationOf(row)
}

/** Lists a project's integrations by id, from after `position`. */
export function* listIntegrations(
  projectId: number,
  limit: number,
  position: string | null,
): Operation<Page<Integration>> {
  const rows = yield {
    sql: `${SELECT} AND i.project_id = $1 AND i.id > $2 ORDER BY i.id LIMIT $3`,
    params: [projectId, Number(position ?? 0), limit + 1],
  }
  return pageOf(rows.map(integrationOf), limit, (integration) => String(integration.id))
}

/** Writes an integration's name and active flag, the limit of its key, the redirects of its client. */
export function* updateIntegration(integration: Integration): Operation<Integration | null> {
  const { id, name, apiKey, oauthClient } = integration
  yield {
    sql: 'UPDATE integrations SET name = $2, is_active = $3 WHERE id = $1',
    params: [id, name, integration.isActive ? 1 : 0],
  }
  if (apiKey !== null) {
    yield {
      sql: 'UPDATE api_keys SET calls_per_minute = $2 WHERE id = $1',
      params: [apiKey.id, apiKey.callsPerMinute],
    }
  }
  if (oauthClient !== null) yield* updateOauthClient({ ...oauthClient, name })
  return yield* findIntegration(id)
}

/** Deletes an integration, revokes its key and ends its client; runs keep its id. */
export function* deleteIntegration(id: number, nowMs: number): Operation<void> {
  yield* revokeKeys(id, nowMs)
  const client = yield* findIntegrationClient(id)
  if (client !== null) yield* deleteOauthClient(client.id, nowMs)
  yield {
    sql: 'UPDATE integrations SET deleted_at_ms = $2, is_active = 0 WHERE id = $1',
    params: [id, nowMs],
  }
}

function integrationOf(row: Row): Integration {
  return {
    id: int(row, 'id'),
    projectId: int(row, 'project_id'),
    name: text(row, 'name'),
    kind: text(row, 'kind') as IntegrationKind,
    isActive: flag(row, 'is_active'),
    createdAtMs: int(row, 'created_at_ms'),
    apiKey: row.key_id === null ? null : apiKeyOf(row),
    oauthClient: row.client_row_id === null ? null : oauthClientOf(row),
  }
}

function apiKeyOf(row: Row): ApiKeySummary {
  return {
    id: int(row, 'key_id'),
    last4: text(row, 'last4'),
    permissions: [...permissionsOf(text(row, 'permissions'))],
    createdAtMs: int(row, 'key_created_at_ms'),
    expiresAtMs: intOrNull(row, 'expires_at_ms'),
    callsPerMinute: intOrNull(row, 'calls_per_minute'),
  }
}

function oauthClientOf(row: Row): OauthClientSummary {
  return {
    id: int(row, 'client_row_id'),
    clientId: text(row, 'client_id'),
    last4: text(row, 'secret_last4'),
    redirectUris: JSON.parse(text(row, 'redirect_uris')) as string[],
    previousSecretUntilMs: intOrNull(row, 'previous_secret_until_ms'),
  }
}
