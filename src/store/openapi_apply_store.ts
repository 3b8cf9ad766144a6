import type { OperationFilter } from '../model/openapi_source.ts'
import { int, textOrNull } from './columns.ts'
import type { Operation } from './database.ts'
import { forgetFetch, supersedeReady } from './openapi_source_store.ts'
import { bumpEpoch } from './project_store.ts'
import { insertVersion, type NewVersion } from './tool_store.ts'

/** What a tool will be from one moment to the next; until then nobody sees anything of it. */
export interface StagedTool {
  readonly sourceId: number
  readonly toolId: number
  readonly key: string
  /** Where it stands now, and must still stand then. */
  readonly baseVersion: number
  readonly wasDeleted: boolean
  readonly isNew: boolean
  readonly version: number
  readonly name: string
  readonly isEnabled: boolean
  readonly isDeleted: boolean
  readonly tags: readonly string[]
  /** Estimated tokens that listing it costs a model. */
  readonly listTokens: number
  readonly requiredScopes: readonly string[]
  readonly draftHash: string
  /** Its secret from then on, sealed; null keeps the one it has. */
  readonly sealed: Uint8Array | null
}

/** Stages a change of a tool. */
export function* stageTool(staged: StagedTool): Operation<void> {
  yield {
    sql: `INSERT INTO openapi_staged (source_id, tool_id, key, base_version, was_deleted, is_new,
      version, name, name_folded, is_enabled, is_deleted, tags, list_tokens, required_scopes,
      draft_hash, sealed)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    params: [
      staged.sourceId,
      staged.toolId,
      staged.key,
      staged.baseVersion,
      staged.wasDeleted ? 1 : 0,
      staged.isNew ? 1 : 0,
      staged.version,
      staged.name,
      staged.name.toLowerCase(),
      staged.isEnabled ? 1 : 0,
      staged.isDeleted ? 1 : 0,
      JSON.stringify(staged.tags),
      staged.listTokens,
      JSON.stringify(staged.requiredScopes),
      staged.draftHash,
      staged.sealed,
    ],
  }
}

/** Makes a tool that is deleted as yet, with its first version; yields its id. */
export function* insertHiddenTool(projectId: number, input: NewVersion): Operation<number> {
  const { name } = input.definition
  const [row] = yield {
    sql: `INSERT INTO tools (project_id, name, name_folded, is_enabled, version, created_at_ms,
      updated_at_ms, deleted_at_ms) VALUES ($1, $2, $3, 0, 1, $4, $4, $4) RETURNING id`,
    params: [projectId, name, name.toLowerCase(), input.nowMs],
  }
  const id = row === undefined ? 0 : int(row, 'id')
  yield* insertVersion(id, 1, input)
  return id
}

/** Writes the next version of a tool, unless the tool moved on; false then. */
export function* stageVersion(
  toolId: number,
  baseVersion: number,
  input: NewVersion,
): Operation<boolean> {
  const rows = yield {
    sql: 'SELECT id FROM tools WHERE id = $1 AND version = $2',
    params: [toolId, baseVersion],
  }
  if (rows.length === 0) return false
  yield* insertVersion(toolId, baseVersion + 1, input)
  return true
}

/** The moment when what is staged for a source takes effect. */
export interface Flip {
  readonly sourceId: number
  readonly projectId: number
  /** The source must still be at it. */
  readonly revision: number
  readonly nowMs: number
  /** Whether the tools as they are now are kept for a rollback. */
  readonly keepsPrevious: boolean
  /** Whether the tools' secrets are deleted that get no other. */
  readonly clearsSecrets: boolean
}

/** Why nothing took effect. */
export type FlipOutcome = 'done' | 'changed_meanwhile' | 'name_taken'

/** Makes all that is staged for a source take effect at once, or nothing of it. */
export function* flipStaged(flip: Flip): Operation<FlipOutcome> {
  const refusal = yield* findObstacle(flip)
  if (refusal !== null) return refusal
  yield* keepPrevious(flip)
  yield* flipTools(flip)
  yield* flipSecrets(flip)
  yield* flipLinks(flip)
  yield {
    sql: 'UPDATE openapi_sources SET revision = revision + 1 WHERE id = $1',
    params: [flip.sourceId],
  }
  yield* bumpEpoch(flip.projectId)
  return 'done'
}

function* findObstacle(flip: Flip): Operation<FlipOutcome | null> {
  const { sourceId, projectId, revision } = flip
  const current = yield {
    sql: `SELECT id FROM openapi_sources
      WHERE id = $1 AND revision = $2 AND deleted_at_ms IS NULL`,
    params: [sourceId, revision],
  }
  const moved = yield {
    sql: `SELECT s.tool_id FROM openapi_staged s JOIN tools t ON t.id = s.tool_id
      WHERE s.source_id = $1 AND (t.version <> s.base_version
      OR (CASE WHEN t.deleted_at_ms IS NULL THEN 0 ELSE 1 END) <> s.was_deleted) LIMIT 1`,
    params: [sourceId],
  }
  if (current.length === 0 || moved.length > 0) return 'changed_meanwhile'
  const taken = yield {
    sql: `SELECT s.tool_id FROM openapi_staged s JOIN tools t ON t.project_id = $2
      AND t.name_folded = s.name_folded AND t.deleted_at_ms IS NULL
      WHERE s.source_id = $1 AND s.is_deleted = 0 AND NOT EXISTS
      (SELECT 1 FROM openapi_staged x WHERE x.source_id = $1 AND x.tool_id = t.id) LIMIT 1`,
    params: [sourceId, projectId],
  }
  return taken.length > 0 ? 'name_taken' : null
}

/** Secrets of tools that a rollback could have brought back go once it no longer can. */
function* keepPrevious({ sourceId, keepsPrevious }: Flip): Operation<void> {
  if (!keepsPrevious) return
  yield {
    sql: `DELETE FROM tool_secrets WHERE tool_id IN
      (SELECT p.tool_id FROM openapi_previous p JOIN tools t ON t.id = p.tool_id
      WHERE p.source_id = $1 AND t.deleted_at_ms IS NOT NULL)`,
    params: [sourceId],
  }
  yield* forgetPrevious(sourceId)
  yield {
    sql: `INSERT INTO openapi_previous (source_id, tool_id, key, version, is_enabled, draft_hash)
      SELECT o.source_id, o.tool_id, o.key, t.version, t.is_enabled, o.draft_hash
      FROM openapi_tools o JOIN tools t ON t.id = o.tool_id WHERE o.source_id = $1`,
    params: [sourceId],
  }
}

function* forgetPrevious(sourceId: number): Operation<void> {
  yield { sql: 'DELETE FROM openapi_previous WHERE source_id = $1', params: [sourceId] }
}

function* flipTools({ sourceId, nowMs }: Flip): Operation<void> {
  yield {
    sql: `UPDATE tools SET deleted_at_ms = $2, is_enabled = 0, updated_at_ms = $2
      FROM openapi_staged s WHERE s.source_id = $1 AND s.tool_id = tools.id AND s.is_deleted = 1`,
    params: [sourceId, nowMs],
  }
  // Two tools may swap names, which are unique row by row: no tool can be called `~7`.
  yield {
    sql: `UPDATE tools SET name_folded = '~' || tools.id FROM openapi_staged s
      WHERE s.source_id = $1 AND s.tool_id = tools.id AND s.is_deleted = 0
      AND tools.deleted_at_ms IS NULL AND tools.name_folded <> s.name_folded`,
    params: [sourceId],
  }
  yield {
    sql: `UPDATE tools SET name = s.name, name_folded = s.name_folded, version = s.version,
      is_enabled = s.is_enabled, updated_at_ms = $2, deleted_at_ms = NULL, tags = s.tags,
      list_tokens = s.list_tokens, required_scopes = s.required_scopes
      FROM openapi_staged s WHERE s.source_id = $1 AND s.tool_id = tools.id AND s.is_deleted = 0`,
    params: [sourceId, nowMs],
  }
}

function* flipSecrets({ sourceId, nowMs, clearsSecrets }: Flip): Operation<void> {
  const which = clearsSecrets ? '' : 'AND sealed IS NOT NULL'
  yield {
    sql: `DELETE FROM tool_secrets WHERE tool_id IN
      (SELECT tool_id FROM openapi_staged WHERE source_id = $1 ${which})`,
    params: [sourceId],
  }
  yield {
    sql: `INSERT INTO tool_secrets (tool_id, field, sealed, expires_at_ms, updated_at_ms)
      SELECT tool_id, 'auth_secret', sealed, NULL, $2 FROM openapi_staged
      WHERE source_id = $1 AND sealed IS NOT NULL AND is_deleted = 0`,
    params: [sourceId, nowMs],
  }
}

function* flipLinks({ sourceId }: Flip): Operation<void> {
  yield {
    sql: `DELETE FROM openapi_tools WHERE tool_id IN
      (SELECT tool_id FROM openapi_staged WHERE source_id = $1)`,
    params: [sourceId],
  }
  yield {
    sql: `INSERT INTO openapi_tools (tool_id, source_id, key, draft_hash)
      SELECT tool_id, source_id, key, draft_hash FROM openapi_staged
      WHERE source_id = $1 AND is_deleted = 0`,
    params: [sourceId],
  }
  yield { sql: 'DELETE FROM openapi_staged WHERE source_id = $1', params: [sourceId] }
}

/** What a source followed at one time. */
export interface AppliedState {
  readonly importId: number | null
  readonly filter: OperationFilter
}

/** Notes that an import was applied and what was before; every other plan of the source is void. */
export function* markApplied(
  sourceId: number,
  { before, after }: { readonly before: AppliedState; readonly after: AppliedState },
  nowMs: number,
): Operation<void> {
  yield {
    sql: "UPDATE openapi_imports SET state = 'applied', applied_at_ms = $2 WHERE id = $1",
    params: [after.importId, nowMs],
  }
  yield* supersedeReady(sourceId)
  yield* follow(sourceId, after, nowMs)
  yield {
    sql: 'UPDATE openapi_sources SET rollback = $2 WHERE id = $1',
    params: [sourceId, JSON.stringify(before)],
  }
}

/** Finds what a rollback of a source leads back to; null where there is none. */
export function* findRollback(sourceId: number): Operation<AppliedState | null> {
  const [row] = yield {
    sql: 'SELECT rollback FROM openapi_sources WHERE id = $1',
    params: [sourceId],
  }
  const value = row === undefined ? null : textOrNull(row, 'rollback')
  return value === null ? null : (JSON.parse(value) as AppliedState)
}

/** Notes that the last apply of a source was undone. */
export function* markRolledBack(
  sourceId: number,
  { undone, to }: { readonly undone: number | null; readonly to: AppliedState },
  nowMs: number,
): Operation<void> {
  yield {
    sql: "UPDATE openapi_imports SET state = 'superseded' WHERE id = $1",
    params: [undone],
  }
  yield* supersedeReady(sourceId)
  yield* follow(sourceId, to, nowMs)
  // What was undone is not what the source follows: it is proposed again, changed or not.
  yield* forgetFetch(sourceId)
  yield* forgetPrevious(sourceId)
  yield { sql: 'UPDATE openapi_sources SET rollback = NULL WHERE id = $1', params: [sourceId] }
}

function* follow(
  sourceId: number,
  { importId, filter }: AppliedState,
  nowMs: number,
): Operation<void> {
  yield {
    sql: `UPDATE openapi_sources SET applied_import_id = $2, filter = $3, updated_at_ms = $4,
      plan_revision = plan_revision + 1, document_hash = coalesce((SELECT i.document_hash
        FROM openapi_imports i WHERE i.id = $2), document_hash) WHERE id = $1`,
    params: [sourceId, importId, JSON.stringify(filter), nowMs],
  }
}

/**
 * Removes some of what was staged for a source and did not take effect; true while there is more.
 * `sourceId` null is every source.
 */
export function* discardStaged(sourceId: number | null, limit: number): Operation<boolean> {
  const [low, high] = sourceId === null ? [0, Number.MAX_SAFE_INTEGER] : [sourceId, sourceId]
  const rows = yield {
    sql: `SELECT source_id, tool_id, version, is_new FROM openapi_staged
      WHERE source_id BETWEEN $1 AND $2 LIMIT $3`,
    params: [low, high, limit],
  }
  for (const row of rows) {
    const toolId = int(row, 'tool_id')
    yield {
      sql: `DELETE FROM tool_versions WHERE tool_id = $1 AND version = $2
        AND ($3 = 1 OR version > (SELECT version FROM tools WHERE id = $1))`,
      params: [toolId, int(row, 'version'), int(row, 'is_new')],
    }
    if (int(row, 'is_new') === 1) {
      yield {
        sql: 'DELETE FROM tools WHERE id = $1 AND deleted_at_ms IS NOT NULL',
        params: [toolId],
      }
    }
    yield {
      sql: 'DELETE FROM openapi_staged WHERE source_id = $1 AND tool_id = $2',
      params: [int(row, 'source_id'), toolId],
    }
  }
  return rows.length === limit
}
