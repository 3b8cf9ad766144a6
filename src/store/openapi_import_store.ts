import type {
  ImportCounts,
  ImportError,
  ImportedDocument,
  ImportedTag,
  ImportState,
  OpenapiImport,
} from '../model/openapi_import.ts'
import type { OperationFilter } from '../model/openapi_source.ts'
import { blob, flag, int, intOrNull, text, textOrNull } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

/** What an import begins with. */
export interface NewImport {
  readonly sourceId: number
  readonly isScheduled: boolean
  readonly planRevision: number
  readonly filter: OperationFilter
}

/** Inserts an import that is being read; yields its id. */
export function* insertImport(input: NewImport, nowMs: number): Operation<number> {
  const [row] = yield {
    sql: `INSERT INTO openapi_imports
      (source_id, state, is_scheduled, plan_revision, filter, tags, created_at_ms)
      VALUES ($1, 'reading', $2, $3, $4, '[]', $5) RETURNING id`,
    params: [
      input.sourceId,
      input.isScheduled ? 1 : 0,
      input.planRevision,
      JSON.stringify(input.filter),
      nowMs,
    ],
  }
  return row === undefined ? 0 : int(row, 'id')
}

/** Finds an import of a source. */
export function* findImport(sourceId: number, id: number): Operation<OpenapiImport | null> {
  const [row] = yield {
    sql: 'SELECT * FROM openapi_imports WHERE id = $1 AND source_id = $2',
    params: [id, sourceId],
  }
  return row === undefined ? null : importOf(row)
}

/** Lists a source's imports, newest first, from before `position`. */
export function* listImports(
  sourceId: number,
  limit: number,
  position: string | null,
): Operation<Page<OpenapiImport>> {
  const rows = yield {
    sql: `SELECT * FROM openapi_imports WHERE source_id = $1 AND id < $2
      ORDER BY id DESC LIMIT $3`,
    params: [sourceId, Number(position ?? Number.MAX_SAFE_INTEGER), limit + 1],
  }
  return pageOf(rows.map(importOf), limit, (one) => String(one.id))
}

/** Keeps what the document of an import says of itself, and the document. */
export function* putImportDocument(
  id: number,
  document: ImportedDocument,
  content: { readonly hash: string; readonly content: Uint8Array },
): Operation<void> {
  yield {
    sql: 'INSERT INTO openapi_documents (hash, content) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    params: [content.hash, content.content],
  }
  yield {
    sql: 'UPDATE openapi_imports SET document = $2, document_hash = $3 WHERE id = $1',
    params: [id, JSON.stringify(document), content.hash],
  }
}

/** Finds a kept document by its hash: zstd of what it was read from. */
export function* findDocument(hash: string): Operation<Uint8Array | null> {
  const [row] = yield {
    sql: 'SELECT content FROM openapi_documents WHERE hash = $1',
    params: [hash],
  }
  return row === undefined ? null : blob(row, 'content')
}

/** Finds under which hash the document of an import is kept. */
export function* findDocumentHash(importId: number): Operation<string | null> {
  const [row] = yield {
    sql: 'SELECT document_hash FROM openapi_imports WHERE id = $1',
    params: [importId],
  }
  return row === undefined ? null : textOrNull(row, 'document_hash')
}

/** How an import ends that is no longer being read. */
export interface ImportEnd {
  readonly id: number
  readonly state: ImportState
  readonly tags?: readonly ImportedTag[]
  readonly counts?: ImportCounts
  readonly error?: ImportError
}

/** Ends the reading of an import; false when it was over already. */
export function* endImport(end: ImportEnd): Operation<boolean> {
  const rows = yield {
    sql: `UPDATE openapi_imports SET state = $2, tags = $3, counts = $4, error = $5
      WHERE id = $1 AND state = 'reading' RETURNING id`,
    params: [
      end.id,
      end.state,
      JSON.stringify(end.tags ?? []),
      end.counts === undefined ? null : JSON.stringify(end.counts),
      end.error === undefined ? null : JSON.stringify(end.error),
    ],
  }
  return rows.length > 0
}

/** Drops a plan that waits to be applied; false when it does not. */
export function* dropReadyImport(id: number): Operation<boolean> {
  const rows = yield {
    sql: `UPDATE openapi_imports SET state = 'cancelled'
      WHERE id = $1 AND state = 'ready' RETURNING id`,
    params: [id],
  }
  return rows.length > 0
}

/** Writes how a plan looks with another filter. */
export function* putImportFilter(
  id: number,
  filter: OperationFilter,
  counts: ImportCounts,
): Operation<void> {
  yield {
    sql: 'UPDATE openapi_imports SET filter = $2, counts = $3 WHERE id = $1',
    params: [id, JSON.stringify(filter), JSON.stringify(counts)],
  }
}

/** Fails the imports that a dead process was reading; yields how many. */
export function* failAbandonedImports(error: ImportError): Operation<number> {
  const rows = yield {
    sql: `UPDATE openapi_imports SET state = 'failed', error = $1
      WHERE state = 'reading' RETURNING id`,
    params: [JSON.stringify(error)],
  }
  return rows.length
}

function importOf(row: Row): OpenapiImport {
  const parsed = <T>(column: string): T | null => {
    const value = textOrNull(row, column)
    return value === null ? null : (JSON.parse(value) as T)
  }
  return {
    id: int(row, 'id'),
    sourceId: int(row, 'source_id'),
    state: text(row, 'state') as ImportState,
    isScheduled: flag(row, 'is_scheduled'),
    planRevision: int(row, 'plan_revision'),
    filter: JSON.parse(text(row, 'filter')) as OperationFilter,
    document: parsed<ImportedDocument>('document'),
    tags: JSON.parse(text(row, 'tags')) as ImportedTag[],
    counts: parsed<ImportCounts>('counts'),
    error: parsed<ImportError>('error'),
    createdAtMs: int(row, 'created_at_ms'),
    appliedAtMs: intOrNull(row, 'applied_at_ms'),
  }
}
