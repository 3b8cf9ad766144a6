import type { FetchMarks, OpenapiSource, SourceAuth } from '../model/openapi_import.ts'
import type { ImportSettings, OperationFilter } from '../model/openapi_source.ts'
import { blobOrNull, int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'
import { bumpEpoch } from './project_store.ts'

const SELECT = `SELECT s.*, (SELECT count(*) FROM openapi_tools t WHERE t.source_id = s.id)
  AS tool_count FROM openapi_sources s WHERE s.deleted_at_ms IS NULL`

/** What can be said of a source. */
export interface SourceFields {
  readonly name: string
  readonly url: string | null
  readonly settings: ImportSettings
  readonly filter: OperationFilter
  readonly recheckHours: number | null
  readonly nextCheckAtMs: number | null
}

/** Inserts a source and yields it. */
export function* insertSource(
  projectId: number,
  fields: SourceFields,
  nowMs: number,
): Operation<OpenapiSource | null> {
  const [row] = yield {
    sql: `INSERT INTO openapi_sources (project_id, name, url, settings, filter, recheck_hours,
      next_check_at_ms, revision, plan_revision, created_at_ms, updated_at_ms)
      VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 1, $8, $8) RETURNING id`,
    params: [projectId, ...columnsOf(fields), nowMs],
  }
  return row === undefined ? null : yield* findSource(int(row, 'id'))
}

const columnsOf = (fields: SourceFields) => [
  fields.name,
  fields.url,
  JSON.stringify(fields.settings),
  JSON.stringify(fields.filter),
  fields.recheckHours,
  fields.nextCheckAtMs,
]

/** Finds a source by id. */
export function* findSource(id: number): Operation<OpenapiSource | null> {
  const [row] = yield { sql: `${SELECT} AND s.id = $1`, params: [id] }
  return row === undefined ? null : sourceOf(row)
}

/** Lists a project's sources by id, from after `position`. */
export function* listSources(
  projectId: number,
  limit: number,
  position: string | null,
): Operation<Page<OpenapiSource>> {
  const rows = yield {
    sql: `${SELECT} AND s.project_id = $1 AND s.id > $2 ORDER BY s.id LIMIT $3`,
    params: [projectId, Number(position ?? 0), limit + 1],
  }
  return pageOf(rows.map(sourceOf), limit, (source) => String(source.id))
}

/** Writes what can be said of a source. */
export function* updateSource(id: number, fields: SourceFields, nowMs: number): Operation<void> {
  yield {
    sql: `UPDATE openapi_sources SET name = $2, url = $3, settings = $4, filter = $5,
      recheck_hours = $6, next_check_at_ms = $7, updated_at_ms = $8, revision = revision + 1
      WHERE id = $1`,
    params: [id, ...columnsOf(fields), nowMs],
  }
}

/** Notes that a tool of the source changed: what is being applied at this moment will not be. */
export function* touchSource(id: number): Operation<void> {
  yield { sql: 'UPDATE openapi_sources SET revision = revision + 1 WHERE id = $1', params: [id] }
}

/**
 * Notes that drafts would come out differently now: plans made before are void, and that a document
 * has not changed does not mean that there is nothing to plan.
 */
export function* touchPlan(id: number): Operation<void> {
  yield {
    sql: `UPDATE openapi_sources SET revision = revision + 1, plan_revision = plan_revision + 1
      WHERE id = $1`,
    params: [id],
  }
  yield* supersedeReady(id)
  yield* forgetFetch(id)
}

/** Voids the plans of a source that wait to be applied. */
export function* supersedeReady(sourceId: number): Operation<void> {
  yield {
    sql: `UPDATE openapi_imports SET state = 'superseded'
      WHERE source_id = $1 AND state = 'ready'`,
    params: [sourceId],
  }
}

/** Whether a plan of the source waits to be applied. */
export function* hasReadyImport(sourceId: number): Operation<boolean> {
  const rows = yield {
    sql: "SELECT id FROM openapi_imports WHERE source_id = $1 AND state = 'ready' LIMIT 1",
    params: [sourceId],
  }
  return rows.length > 0
}

/** How a source's tools prove themselves from now on; `sealed` null for without a secret. */
export interface AuthWrite {
  readonly id: number
  readonly auth: SourceAuth
  readonly sealed: Uint8Array | null
}

/** Writes how a source's tools prove themselves. */
export function* putSourceAuth({ id, auth, sealed }: AuthWrite, nowMs: number): Operation<void> {
  yield {
    sql: `UPDATE openapi_sources SET auth = $2, sealed_secret = $3, updated_at_ms = $4,
      revision = revision + 1 WHERE id = $1`,
    params: [id, JSON.stringify(auth), sealed, nowMs],
  }
}

/** Reads the sealed secret of a source; null when it has none. */
export function* findSourceSecret(id: number): Operation<Uint8Array | null> {
  const [row] = yield {
    sql: 'SELECT sealed_secret FROM openapi_sources WHERE id = $1',
    params: [id],
  }
  return row === undefined ? null : blobOrNull(row, 'sealed_secret')
}

/** Notes which document was read last, and what its fetch said; null for one that was uploaded. */
export function* putDocumentMarks(
  id: number,
  documentHash: string,
  fetched: FetchMarks | null,
): Operation<void> {
  yield {
    sql: `UPDATE openapi_sources SET document_hash = $2, etag = $3, last_modified = $4,
      fetched_hash = $5 WHERE id = $1`,
    params: [
      id,
      documentHash,
      fetched?.etag ?? null,
      fetched?.lastModified ?? null,
      fetched?.hash ?? null,
    ],
  }
}

/** Forgets what the last fetch said: the next one gets the document whatever it is. */
export function* forgetFetch(id: number): Operation<void> {
  yield {
    sql: `UPDATE openapi_sources SET etag = NULL, last_modified = NULL, fetched_hash = NULL
      WHERE id = $1`,
    params: [id],
  }
}

/** Sources whose scheduled check is due, the longest due first. */
export function* listDueSources(nowMs: number, limit: number): Operation<readonly OpenapiSource[]> {
  const rows = yield {
    sql: `${SELECT} AND s.next_check_at_ms <= $1 ORDER BY s.next_check_at_ms LIMIT $2`,
    params: [nowMs, limit],
  }
  return rows.map(sourceOf)
}

/** Says when a source is checked next. */
export function* scheduleCheck(id: number, atMs: number): Operation<void> {
  yield {
    sql: `UPDATE openapi_sources SET next_check_at_ms = $2
      WHERE id = $1 AND recheck_hours IS NOT NULL`,
    params: [id, atMs],
  }
}

/** Deletes a source with its tools and their secrets; versions and runs stay for the record. */
export function* deleteSource(source: OpenapiSource, nowMs: number): Operation<void> {
  const { id } = source
  const tools = 'SELECT tool_id FROM openapi_tools WHERE source_id = $1'
  const previous = 'SELECT tool_id FROM openapi_previous WHERE source_id = $1'
  yield {
    sql: `DELETE FROM tool_secrets WHERE tool_id IN (${tools} UNION ${previous})`,
    params: [id],
  }
  yield {
    sql: `UPDATE tools SET deleted_at_ms = $2, is_enabled = 0
      WHERE id IN (${tools}) AND deleted_at_ms IS NULL`,
    params: [id, nowMs],
  }
  for (const table of [
    'openapi_tools',
    'openapi_previous',
    'openapi_staged',
    'openapi_overrides',
  ]) {
    yield { sql: `DELETE FROM ${table} WHERE source_id = $1`, params: [id] }
  }
  yield {
    sql: `UPDATE openapi_sources SET deleted_at_ms = $2, next_check_at_ms = NULL,
      sealed_secret = NULL, document_hash = NULL, applied_import_id = NULL, rollback = NULL,
      revision = revision + 1 WHERE id = $1`,
    params: [id, nowMs],
  }
  yield* supersedeReady(id)
  yield* bumpEpoch(source.projectId)
}

function sourceOf(row: Row): OpenapiSource {
  const hash = textOrNull(row, 'fetched_hash')
  const auth = textOrNull(row, 'auth')
  return {
    id: int(row, 'id'),
    projectId: int(row, 'project_id'),
    name: text(row, 'name'),
    url: textOrNull(row, 'url'),
    settings: JSON.parse(text(row, 'settings')) as ImportSettings,
    filter: JSON.parse(text(row, 'filter')) as OperationFilter,
    recheckHours: intOrNull(row, 'recheck_hours'),
    nextCheckAtMs: intOrNull(row, 'next_check_at_ms'),
    fetched:
      hash === null
        ? null
        : { etag: textOrNull(row, 'etag'), lastModified: textOrNull(row, 'last_modified'), hash },
    documentHash: textOrNull(row, 'document_hash'),
    auth: auth === null ? null : (JSON.parse(auth) as SourceAuth),
    hasSecret: row['sealed_secret'] !== null,
    revision: int(row, 'revision'),
    planRevision: int(row, 'plan_revision'),
    appliedImportId: intOrNull(row, 'applied_import_id'),
    toolCount: int(row, 'tool_count'),
    createdAtMs: int(row, 'created_at_ms'),
    updatedAtMs: int(row, 'updated_at_ms'),
  }
}
