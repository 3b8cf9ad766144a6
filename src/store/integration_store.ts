import type { Integration } from '../model/integration.ts'
import type { ApiKeyPermission } from '../model/principal.ts'
import { flag, int, intOrNull, text } from './columns.ts'
import { permissionsColumn, permissionsOf } from './credential_store.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

const SELECT = `SELECT i.id, i.project_id, i.name, i.is_active, i.created_at_ms,
  k.id AS key_id, k.last4, k.permissions, k.created_at_ms AS key_created_at_ms, k.expires_at_ms,
  k.calls_per_minute
FROM integrations i JOIN api_keys k ON k.integration_id = i.id AND k.revoked_at_ms IS NULL
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
  const [row] = yield {
    sql: `INSERT INTO integrations (project_id, name, kind, is_active, created_at_ms)
      VALUES ($1, $2, 'api_key', 1, $3) RETURNING id`,
    params: [input.projectId, input.name, input.nowMs],
  }
  const id = row === undefined ? 0 : int(row, 'id')
  yield* insertKey(input.projectId, id, input)
  return yield* findIntegration(id)
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

/** Writes an integration's name, active flag and the limit of its key. */
export function* updateIntegration(integration: Integration): Operation<Integration | null> {
  yield {
    sql: 'UPDATE integrations SET name = $2, is_active = $3 WHERE id = $1',
    params: [integration.id, integration.name, integration.isActive ? 1 : 0],
  }
  yield {
    sql: 'UPDATE api_keys SET calls_per_minute = $2 WHERE id = $1',
    params: [integration.apiKey.id, integration.apiKey.callsPerMinute],
  }
  return yield* findIntegration(integration.id)
}

/** Deletes an integration and revokes its key; runs keep its id. */
export function* deleteIntegration(id: number, nowMs: number): Operation<void> {
  yield* revokeKeys(id, nowMs)
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
    kind: 'api_key',
    isActive: flag(row, 'is_active'),
    createdAtMs: int(row, 'created_at_ms'),
    apiKey: {
      id: int(row, 'key_id'),
      last4: text(row, 'last4'),
      permissions: [...permissionsOf(text(row, 'permissions'))],
      createdAtMs: int(row, 'key_created_at_ms'),
      expiresAtMs: intOrNull(row, 'expires_at_ms'),
      callsPerMinute: intOrNull(row, 'calls_per_minute'),
    },
  }
}
