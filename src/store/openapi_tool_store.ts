import { flag, int, text } from './columns.ts'
import type { Operation, Row } from './database.ts'

/** The tool that an operation of a source became. */
export interface SourceTool {
  readonly toolId: number
  readonly key: string
  readonly name: string
  readonly isEnabled: boolean
  /** Of the draft it was made from. */
  readonly draftHash: string
}

/** Lists some of a source's tools by key, from after `afterKey`. */
export function* listSourceTools(
  sourceId: number,
  limit: number,
  afterKey: string,
): Operation<readonly SourceTool[]> {
  const rows = yield {
    sql: `SELECT o.tool_id, o.key, o.draft_hash, t.name, t.is_enabled
      FROM openapi_tools o JOIN tools t ON t.id = o.tool_id
      WHERE o.source_id = $1 AND o.key > $2 ORDER BY o.key LIMIT $3`,
    params: [sourceId, afterKey, limit],
  }
  return rows.map(sourceToolOf)
}

/** Finds the tool of one operation of a source. */
export function* findSourceTool(sourceId: number, key: string): Operation<SourceTool | null> {
  const [row] = yield {
    sql: `SELECT o.tool_id, o.key, o.draft_hash, t.name, t.is_enabled
      FROM openapi_tools o JOIN tools t ON t.id = o.tool_id
      WHERE o.source_id = $1 AND o.key = $2`,
    params: [sourceId, key],
  }
  return row === undefined ? null : sourceToolOf(row)
}

function sourceToolOf(row: Row): SourceTool {
  return {
    toolId: int(row, 'tool_id'),
    key: text(row, 'key'),
    name: text(row, 'name'),
    isEnabled: flag(row, 'is_enabled'),
    draftHash: text(row, 'draft_hash'),
  }
}

/** Where an imported tool comes from. */
export interface ToolOrigin {
  readonly sourceId: number
  readonly key: string
  readonly draftHash: string
}

/** Finds where a tool comes from; null for one that was not imported. */
export function* findToolOrigin(toolId: number): Operation<ToolOrigin | null> {
  const [row] = yield {
    sql: 'SELECT source_id, key, draft_hash FROM openapi_tools WHERE tool_id = $1',
    params: [toolId],
  }
  if (row === undefined) return null
  return {
    sourceId: int(row, 'source_id'),
    key: text(row, 'key'),
    draftHash: text(row, 'draft_hash'),
  }
}

/** Says that a tool now follows another draft. */
export function* putToolDraft(toolId: number, draftHash: string): Operation<void> {
  yield {
    sql: 'UPDATE openapi_tools SET draft_hash = $2 WHERE tool_id = $1',
    params: [toolId, draftHash],
  }
}

/** Names, in lower case, of a project's tools that a source does not own. */
export function* listForeignNames(
  projectId: number,
  sourceId: number,
): Operation<readonly string[]> {
  const rows = yield {
    sql: `SELECT name_folded FROM tools WHERE project_id = $1 AND deleted_at_ms IS NULL
      AND id NOT IN (SELECT tool_id FROM openapi_tools WHERE source_id = $2)`,
    params: [projectId, sourceId],
  }
  return rows.map((row) => text(row, 'name_folded'))
}

/** A tool of a source as it was before the last apply. */
export interface PreviousTool {
  readonly toolId: number
  readonly key: string
  readonly version: number
  readonly isEnabled: boolean
  readonly draftHash: string
}

/** Lists what a source's tools were before the last apply, by tool, from after `afterId`. */
export function* listPreviousTools(
  sourceId: number,
  limit: number,
  afterId: number,
): Operation<readonly PreviousTool[]> {
  const rows = yield {
    sql: `SELECT tool_id, key, version, is_enabled, draft_hash FROM openapi_previous
      WHERE source_id = $1 AND tool_id > $2 ORDER BY tool_id LIMIT $3`,
    params: [sourceId, afterId, limit],
  }
  return rows.map((row) => ({
    toolId: int(row, 'tool_id'),
    key: text(row, 'key'),
    version: int(row, 'version'),
    isEnabled: flag(row, 'is_enabled'),
    draftHash: text(row, 'draft_hash'),
  }))
}

/** Lists, from after `afterId`, the tools that a source has now and had not before the last apply. */
export function* listToolsSince(
  sourceId: number,
  limit: number,
  afterId: number,
): Operation<readonly (SourceTool & { readonly version: number })[]> {
  const rows = yield {
    sql: `SELECT o.tool_id, o.key, o.draft_hash, t.name, t.is_enabled, t.version
      FROM openapi_tools o JOIN tools t ON t.id = o.tool_id
      WHERE o.source_id = $1 AND o.tool_id > $2 AND o.tool_id NOT IN
        (SELECT tool_id FROM openapi_previous WHERE source_id = $1)
      ORDER BY o.tool_id LIMIT $3`,
    params: [sourceId, afterId, limit],
  }
  return rows.map((row) => ({ ...sourceToolOf(row), version: int(row, 'version') }))
}

/** Where a tool stands, whether it is deleted or not. */
export interface ToolStanding {
  readonly version: number
  readonly contentHash: string
  readonly isEnabled: boolean
  readonly isDeleted: boolean
}

/** Finds where a tool stands, deleted ones too. */
export function* findToolStanding(toolId: number): Operation<ToolStanding | null> {
  const [row] = yield {
    sql: `SELECT t.version, t.is_enabled, t.deleted_at_ms IS NOT NULL AS is_deleted, v.content_hash
      FROM tools t JOIN tool_versions v ON v.tool_id = t.id AND v.version = t.version
      WHERE t.id = $1`,
    params: [toolId],
  }
  if (row === undefined) return null
  return {
    version: int(row, 'version'),
    contentHash: text(row, 'content_hash'),
    isEnabled: flag(row, 'is_enabled'),
    isDeleted: flag(row, 'is_deleted'),
  }
}
