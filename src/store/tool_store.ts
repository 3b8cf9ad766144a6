import { isJsonObject, type JsonValue, parseJson } from '../lib/json.ts'
import { listTokensOf } from '../model/listed_tool.ts'
import {
  defaultDeduplication,
  defaultRetry,
  type Tool,
  type ToolDefinition,
} from '../model/tool.ts'
import { blob, flag, int, intOrNull, text } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'
import { bumpEpoch } from './project_store.ts'

const SELECT = `SELECT t.id, t.project_id, t.is_enabled, t.is_pinned, t.list_tokens, t.tags, t.version,
  t.created_at_ms, t.updated_at_ms, v.content_hash, v.definition
FROM tools t JOIN tool_versions v ON v.tool_id = t.id AND v.version = t.version
WHERE t.deleted_at_ms IS NULL`

/** Content of a version about to be written. */
export interface NewVersion {
  readonly definition: ToolDefinition
  readonly contentHash: string
  /** The credential that made it, by label. */
  readonly createdBy: string
  readonly nowMs: number
}

/** What a new tool starts with. */
export interface NewTool extends NewVersion {
  readonly projectId: number
  readonly isEnabled: boolean
  /** Not pinned when absent. */
  readonly isPinned?: boolean
  /** None when absent. */
  readonly tags?: readonly string[]
}

/** Names of a tool's sealed secrets. */
export const secretFields = ['auth_secret', 'previous_auth_secret'] as const
export type SecretField = (typeof secretFields)[number]

/** A sealed secret as it lies in the store. */
export interface SealedSecret {
  readonly field: SecretField
  readonly sealed: Uint8Array
  /** When it stops being used; null for never. */
  readonly expiresAtMs: number | null
}

/** Inserts a tool with its first version; null when the name is taken in the project. */
export function* insertTool(input: NewTool): Operation<number | null> {
  const { name } = input.definition
  const [row] = yield {
    sql: `INSERT INTO tools
      (project_id, name, name_folded, is_enabled, version, created_at_ms, updated_at_ms,
      is_pinned, tags, list_tokens, required_scopes)
      VALUES ($1, $2, $3, $4, 1, $5, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id`,
    params: [
      ...[input.projectId, name, name.toLowerCase(), input.isEnabled ? 1 : 0, input.nowMs],
      ...[input.isPinned === true ? 1 : 0, JSON.stringify(input.tags ?? [])],
      ...listingOf(input.definition),
    ],
  }
  if (row === undefined) return null
  const id = int(row, 'id')
  yield* insertVersion(id, 1, input)
  yield* bumpEpoch(input.projectId)
  return id
}

/** Where an edit starts from and what it changes beside the definition. */
export interface ToolEdit extends NewVersion {
  /** The tool as it was read; its version must still be the current one. */
  readonly tool: Tool
  readonly isEnabled: boolean
  /** Stays as it is when absent. */
  readonly isPinned?: boolean
  /** Stay as they are when absent. */
  readonly tags?: readonly string[]
}

/** What became of an edit. */
export type EditOutcome = 'written' | 'name_taken' | 'changed_meanwhile'

/** What of a definition is kept beside the tool, to add up what listing costs without reading it. */
const listingOf = (definition: ToolDefinition) => [
  listTokensOf(definition),
  JSON.stringify(definition.requiredScopes),
]

/** Writes an edit: a new version where the content differs, what is beside it in any case. */
export function* updateTool(edit: ToolEdit): Operation<EditOutcome> {
  const { tool, definition, nowMs } = edit
  const folded = definition.name.toLowerCase()
  const [other] = yield {
    sql: `SELECT id FROM tools
      WHERE project_id = $1 AND name_folded = $2 AND deleted_at_ms IS NULL AND id <> $3`,
    params: [tool.projectId, folded, tool.id],
  }
  if (other !== undefined) return 'name_taken'
  const isNewVersion = edit.contentHash !== tool.contentHash
  const version = isNewVersion ? tool.version + 1 : tool.version
  const rows = yield {
    sql: `UPDATE tools SET name = $3, name_folded = $4, is_enabled = $5, version = $6,
      updated_at_ms = $7, is_pinned = $8, tags = $9, list_tokens = $10, required_scopes = $11
      WHERE id = $1 AND version = $2 AND deleted_at_ms IS NULL RETURNING id`,
    params: [
      ...[tool.id, tool.version, definition.name, folded, edit.isEnabled ? 1 : 0, version, nowMs],
      ...[(edit.isPinned ?? tool.isPinned) ? 1 : 0, JSON.stringify(edit.tags ?? tool.tags)],
      ...listingOf(definition),
    ],
  }
  if (rows.length === 0) return 'changed_meanwhile'
  if (isNewVersion) yield* insertVersion(tool.id, version, edit)
  yield* bumpEpoch(tool.projectId)
  return 'written'
}

/**
 * Writes a version that is not current yet. What an apply that came to nothing left there is
 * replaced: nobody has seen it.
 */
export function* insertVersion(
  toolId: number,
  version: number,
  input: NewVersion,
): Operation<void> {
  yield {
    sql: `INSERT INTO tool_versions
      (tool_id, version, content_hash, definition, created_at_ms, created_by)
      VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tool_id, version) DO UPDATE
      SET content_hash = excluded.content_hash, definition = excluded.definition,
      created_at_ms = excluded.created_at_ms, created_by = excluded.created_by`,
    params: [
      toolId,
      version,
      input.contentHash,
      JSON.stringify(input.definition),
      input.nowMs,
      input.createdBy,
    ],
  }
}

/** Finds a tool by id. */
export function* findTool(id: number): Operation<Tool | null> {
  const [row] = yield { sql: `${SELECT} AND t.id = $1`, params: [id] }
  return row === undefined ? null : toolOf(row)
}

/** Finds a project's tool by name, ignoring case. */
export function* findToolByName(projectId: number, name: string): Operation<Tool | null> {
  const [row] = yield {
    sql: `${SELECT} AND t.project_id = $1 AND t.name_folded = $2`,
    params: [projectId, name.toLowerCase()],
  }
  return row === undefined ? null : toolOf(row)
}

/** Lists a project's tools by id, from after `position`. */
export function* listTools(
  projectId: number,
  limit: number,
  position: string | null,
): Operation<Page<Tool>> {
  const rows = yield {
    sql: `${SELECT} AND t.project_id = $1 AND t.id > $2 ORDER BY t.id LIMIT $3`,
    params: [projectId, Number(position ?? 0), limit + 1],
  }
  return pageOf(rows.map(toolOf), limit, (tool) => String(tool.id))
}

/** Which of a project's enabled tools to list. */
export interface EnabledToolsRequest {
  readonly limit: number
  /** Lower-case name after which to begin; null for the first. */
  readonly position: string | null
  readonly onlyPinned: boolean
}

/** Lists a project's enabled tools by name: the order clients see. */
export function* listEnabledTools(
  projectId: number,
  { limit, position, onlyPinned }: EnabledToolsRequest,
): Operation<Page<Tool>> {
  const rows = yield {
    sql: `${SELECT} AND t.project_id = $1 AND t.is_enabled = 1 AND t.name_folded > $2
      ${onlyPinned ? 'AND t.is_pinned = 1' : ''} ORDER BY t.name_folded LIMIT $3`,
    params: [projectId, position ?? '', limit + 1],
  }
  return pageOf(rows.map(toolOf), limit, (tool) => tool.definition.name.toLowerCase())
}

/** A version in a tool's history. */
export interface ToolVersion {
  readonly version: number
  readonly contentHash: string
  readonly definition: ToolDefinition
  readonly createdAtMs: number
  readonly createdBy: string
}

/** A version after the current one is of an apply that has not happened. */
const SEEN = 'version <= (SELECT t.version FROM tools t WHERE t.id = tool_id)'

/** Lists a tool's versions, newest first, from before `position`. */
export function* listVersions(
  toolId: number,
  limit: number,
  position: string | null,
): Operation<Page<ToolVersion>> {
  const rows = yield {
    sql: `SELECT version, content_hash, definition, created_at_ms, created_by FROM tool_versions
      WHERE tool_id = $1 AND version < $2 AND ${SEEN} ORDER BY version DESC LIMIT $3`,
    params: [toolId, Number(position ?? Number.MAX_SAFE_INTEGER), limit + 1],
  }
  return pageOf(rows.map(versionOf), limit, (entry) => String(entry.version))
}

/** Finds one version of a tool. */
export function* findVersion(toolId: number, version: number): Operation<ToolVersion | null> {
  const [row] = yield {
    sql: `SELECT version, content_hash, definition, created_at_ms, created_by FROM tool_versions
      WHERE tool_id = $1 AND version = $2 AND ${SEEN}`,
    params: [toolId, version],
  }
  return row === undefined ? null : versionOf(row)
}

/** Deletes a tool and its secrets; its versions and runs stay for the record. */
export function* deleteTool(tool: Tool, nowMs: number): Operation<void> {
  for (const table of ['openapi_tools', 'openapi_previous']) {
    yield { sql: `DELETE FROM ${table} WHERE tool_id = $1`, params: [tool.id] }
  }
  yield {
    sql: 'UPDATE tools SET deleted_at_ms = $2, is_enabled = 0 WHERE id = $1',
    params: [tool.id, nowMs],
  }
  yield { sql: 'DELETE FROM tool_secrets WHERE tool_id = $1', params: [tool.id] }
  yield* bumpEpoch(tool.projectId)
}

/** Reads a tool's sealed secrets. */
export function* listSecrets(toolId: number): Operation<readonly SealedSecret[]> {
  const rows = yield {
    sql: 'SELECT field, sealed, expires_at_ms FROM tool_secrets WHERE tool_id = $1 ORDER BY field',
    params: [toolId],
  }
  return rows.map((row) => ({
    field: text(row, 'field') as SecretField,
    sealed: blob(row, 'sealed'),
    expiresAtMs: intOrNull(row, 'expires_at_ms'),
  }))
}

/** Writes one of a tool's secrets. */
export function* putSecret(toolId: number, secret: SealedSecret, nowMs: number): Operation<void> {
  yield {
    sql: `INSERT INTO tool_secrets (tool_id, field, sealed, expires_at_ms, updated_at_ms)
      VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tool_id, field) DO UPDATE
      SET sealed = excluded.sealed, expires_at_ms = excluded.expires_at_ms,
      updated_at_ms = excluded.updated_at_ms`,
    params: [toolId, secret.field, secret.sealed, secret.expiresAtMs, nowMs],
  }
}

/** Deletes one of a tool's secrets. */
export function* deleteSecret(toolId: number, field: SecretField): Operation<void> {
  yield {
    sql: 'DELETE FROM tool_secrets WHERE tool_id = $1 AND field = $2',
    params: [toolId, field],
  }
}

/** What versions written before these fields came say of them. */
const sinceThen = {
  authOAuth: null,
  requestMap: null,
  response: null,
  deduplication: defaultDeduplication,
  retry: defaultRetry,
  verify: null,
}

/** @throws Error - the column holds no JSON, which is never the fault of who asks */
function definitionOf(row: Row): ToolDefinition {
  try {
    const value: JsonValue = parseJson(text(row, 'definition'), { maxDepth: 256 })
    if (!isJsonObject(value)) throw new Error('it is no object')
    return { ...sinceThen, ...(value as unknown as ToolDefinition) }
  } catch (cause) {
    throw new Error('the definition of a stored tool cannot be read', { cause })
  }
}

function toolOf(row: Row): Tool {
  return {
    id: int(row, 'id'),
    projectId: int(row, 'project_id'),
    version: int(row, 'version'),
    contentHash: text(row, 'content_hash'),
    isEnabled: flag(row, 'is_enabled'),
    isPinned: flag(row, 'is_pinned'),
    listTokens: int(row, 'list_tokens'),
    tags: JSON.parse(text(row, 'tags')) as string[],
    definition: definitionOf(row),
    createdAtMs: int(row, 'created_at_ms'),
    updatedAtMs: int(row, 'updated_at_ms'),
  }
}

function versionOf(row: Row): ToolVersion {
  return {
    version: int(row, 'version'),
    contentHash: text(row, 'content_hash'),
    definition: definitionOf(row),
    createdAtMs: int(row, 'created_at_ms'),
    createdBy: text(row, 'created_by'),
  }
}
