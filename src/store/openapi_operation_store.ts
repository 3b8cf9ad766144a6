import type { JsonObject } from '../lib/json.ts'
import type { OperationChange, PlannedOperation } from '../model/openapi_import.ts'
import type { HttpMethod } from '../model/tool.ts'
import { blob, flag, int, text, textOrNull } from './columns.ts'
import type { Operation, Row, SqlValue } from './database.ts'
import { type Page, pageOf } from './page.ts'

const COLUMNS = `import_id, position, key, method, path, operation_id, tags, name, description,
  is_deprecated, is_gone, is_selected, is_enabled, change, is_dangerous, changes, tokens, quarantine,
  findings, draft_hash`

/** Inserts the next operations of a plan. */
export function* insertOperations(
  importId: number,
  operations: readonly PlannedOperation[],
): Operation<void> {
  for (const operation of operations) {
    yield {
      sql: `INSERT INTO openapi_operations (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
        $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
      params: [importId, ...columnsOf(operation)],
    }
  }
}

const columnsOf = (one: PlannedOperation): SqlValue[] => [
  one.position,
  one.key,
  one.method,
  one.path,
  one.operationId,
  JSON.stringify(one.tags),
  one.name,
  one.description,
  one.isDeprecated ? 1 : 0,
  one.isGone ? 1 : 0,
  one.isSelected ? 1 : 0,
  one.isEnabled ? 1 : 0,
  one.change,
  one.isDangerous ? 1 : 0,
  JSON.stringify(one.changes),
  one.tokens,
  one.quarantine,
  JSON.stringify(one.findings),
  one.draftHash,
]

/** What of an operation depends on the filter. */
export type Selection = Pick<
  PlannedOperation,
  'position' | 'isSelected' | 'isEnabled' | 'change' | 'isDangerous' | 'changes' | 'quarantine'
>

/** Writes how operations stand with another filter. */
export function* updateSelections(
  importId: number,
  selections: readonly Selection[],
): Operation<void> {
  for (const one of selections) {
    yield {
      sql: `UPDATE openapi_operations SET is_selected = $3, is_enabled = $4, change = $5,
        is_dangerous = $6, changes = $7, quarantine = $8 WHERE import_id = $1 AND position = $2`,
      params: [
        importId,
        one.position,
        one.isSelected ? 1 : 0,
        one.isEnabled ? 1 : 0,
        one.change,
        one.isDangerous ? 1 : 0,
        JSON.stringify(one.changes),
        one.quarantine,
      ],
    }
  }
}

/** Which operations of a plan to list; null does not restrict. */
export interface OperationQuery {
  readonly tag: string | null
  readonly method: string | null
  /** What the path begins with. */
  readonly path: string | null
  readonly operationId: string | null
  /** Text in name, path, description or operation id, ignoring case. */
  readonly q: string | null
  readonly change: string | null
}

/** Lists operations of a plan in the document's order, from after `position`. */
export function* listOperations(
  importId: number,
  query: OperationQuery,
  { limit, position }: { readonly limit: number; readonly position: string | null },
): Operation<Page<PlannedOperation>> {
  const { sql, params } = conditionOf(query)
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM openapi_operations WHERE import_id = $1 AND position > $2
      ${sql} ORDER BY position LIMIT $3`,
    params: [importId, Number(position ?? -1), limit + 1, ...params],
  }
  return pageOf(rows.map(operationOf), limit, (one) => String(one.position))
}

function conditionOf(query: OperationQuery): { sql: string; params: SqlValue[] } {
  const parts: string[] = []
  const params: SqlValue[] = []
  const add = (value: SqlValue, part: (place: string) => string) => {
    if (value === null) return
    params.push(value)
    parts.push(`AND ${part(`$${params.length + 3}`)}`)
  }
  add(query.tag === null ? null : JSON.stringify(query.tag), (at) => `instr(tags, ${at}) > 0`)
  add(query.method, (at) => `method = ${at}`)
  add(query.path, (at) => `substr(path, 1, length(${at})) = ${at}`)
  add(query.operationId, (at) => `operation_id = ${at}`)
  add(query.change, (at) => `change = ${at}`)
  add(
    query.q === null ? null : query.q.toLowerCase(),
    (at) =>
      `instr(lower(name || ' ' || path || ' ' || coalesce(operation_id, '') || ' ' ||
        description), ${at}) > 0`,
  )
  return { sql: parts.join(' '), params }
}

/** Finds one operation of a plan by its key. */
export function* findOperation(importId: number, key: string): Operation<PlannedOperation | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM openapi_operations WHERE import_id = $1 AND key = $2
      ORDER BY position LIMIT 1`,
    params: [importId, key],
  }
  return row === undefined ? null : operationOf(row)
}

/** The first dangerous operations of a plan, and how many there are. */
export function* listDangerous(
  importId: number,
  limit: number,
): Operation<{ readonly count: number; readonly first: readonly PlannedOperation[] }> {
  const condition = 'WHERE import_id = $1 AND is_dangerous = 1'
  const [counted] = yield {
    sql: `SELECT count(*) AS count FROM openapi_operations ${condition}`,
    params: [importId],
  }
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM openapi_operations ${condition} ORDER BY position LIMIT $2`,
    params: [importId, limit],
  }
  return {
    count: counted === undefined ? 0 : int(counted, 'count'),
    first: rows.map(operationOf),
  }
}

/** A draft as it is kept: zstd of its JSON, under the hash of that JSON. */
export interface KeptDraft {
  readonly hash: string
  readonly draft: Uint8Array
}

/** Keeps drafts; those that are there stay. */
export function* putDrafts(drafts: readonly KeptDraft[]): Operation<void> {
  for (const { hash, draft } of drafts) {
    yield {
      sql: 'INSERT INTO openapi_drafts (hash, draft) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      params: [hash, draft],
    }
  }
}

/** Finds a draft by its hash. */
export function* findDraft(hash: string): Operation<Uint8Array | null> {
  const [row] = yield { sql: 'SELECT draft FROM openapi_drafts WHERE hash = $1', params: [hash] }
  return row === undefined ? null : blob(row, 'draft')
}

/** Deletes some operations and findings of plans that are over; true while there may be more. */
export function* pruneOperations(sourceId: number, limit: number): Operation<boolean> {
  const over = `SELECT i.id FROM openapi_imports i WHERE i.source_id = $1
    AND i.state IN ('failed', 'cancelled', 'unchanged', 'superseded')
    OR i.source_id = $1 AND i.state = 'applied'
    AND i.id NOT IN (SELECT coalesce(applied_import_id, 0) FROM openapi_sources WHERE id = $1
      UNION ALL SELECT coalesce(rollback ->> '$.importId', 0) FROM openapi_sources WHERE id = $1)`
  let isMore = false
  for (const table of ['openapi_operations', 'openapi_findings']) {
    const rows = yield {
      sql: `DELETE FROM ${table} WHERE (import_id, position) IN
        (SELECT import_id, position FROM ${table} WHERE import_id IN (${over}) LIMIT $2)
        RETURNING position`,
      params: [sourceId, limit],
    }
    isMore ||= rows.length === limit
  }
  return isMore
}

/** Deletes some drafts and documents that nothing refers to; true while there may be more. */
export function* pruneDrafts(limit: number): Operation<boolean> {
  const refersTo = (table: string) =>
    `NOT EXISTS (SELECT 1 FROM ${table} WHERE draft_hash = d.hash)`
  const users = ['openapi_operations', 'openapi_tools', 'openapi_previous', 'openapi_staged']
  const rows = yield {
    sql: `DELETE FROM openapi_drafts WHERE hash IN
      (SELECT d.hash FROM openapi_drafts d WHERE ${users.map(refersTo).join(' AND ')} LIMIT $1)
      RETURNING hash`,
    params: [limit],
  }
  yield {
    sql: `DELETE FROM openapi_documents WHERE hash IN (SELECT d.hash FROM openapi_documents d
      WHERE NOT EXISTS (SELECT 1 FROM openapi_sources WHERE document_hash = d.hash)
      AND NOT EXISTS (SELECT 1 FROM openapi_imports WHERE document_hash = d.hash
        AND state IN ('reading', 'ready'))
      AND NOT EXISTS (SELECT 1 FROM openapi_imports i JOIN openapi_sources s ON s.id = i.source_id
        AND (s.applied_import_id = i.id OR s.rollback ->> '$.importId' = i.id)
        AND s.deleted_at_ms IS NULL WHERE i.document_hash = d.hash)
      LIMIT 1)`,
    params: [],
  }
  return rows.length === limit
}

/** Deletes all but the newest imports of a source, and the one it follows; false. */
export function* pruneImports(sourceId: number, kept: number): Operation<boolean> {
  yield {
    sql: `DELETE FROM openapi_imports WHERE source_id = $1
      AND state IN ('failed', 'cancelled', 'unchanged', 'superseded')
      AND id NOT IN (SELECT id FROM openapi_imports WHERE source_id = $1
        ORDER BY id DESC LIMIT $2)
      AND NOT EXISTS (SELECT 1 FROM openapi_sources s WHERE s.applied_import_id = openapi_imports.id)
      AND NOT EXISTS (SELECT 1 FROM openapi_operations o WHERE o.import_id = openapi_imports.id)
      AND NOT EXISTS (SELECT 1 FROM openapi_findings f WHERE f.import_id = openapi_imports.id)`,
    params: [sourceId, kept],
  }
  return false
}

function operationOf(row: Row): PlannedOperation {
  return {
    position: int(row, 'position'),
    key: text(row, 'key'),
    method: text(row, 'method') as HttpMethod,
    path: text(row, 'path'),
    operationId: textOrNull(row, 'operation_id'),
    tags: JSON.parse(text(row, 'tags')) as string[],
    name: text(row, 'name'),
    description: text(row, 'description'),
    isDeprecated: flag(row, 'is_deprecated'),
    isGone: flag(row, 'is_gone'),
    isSelected: flag(row, 'is_selected'),
    isEnabled: flag(row, 'is_enabled'),
    change: text(row, 'change') as OperationChange,
    isDangerous: flag(row, 'is_dangerous'),
    changes: JSON.parse(text(row, 'changes')) as JsonObject[],
    tokens: int(row, 'tokens'),
    quarantine: textOrNull(row, 'quarantine'),
    findings: JSON.parse(text(row, 'findings')) as JsonObject[],
    draftHash: text(row, 'draft_hash'),
  }
}
