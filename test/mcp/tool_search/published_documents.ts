import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { draftOperations } from '../../../src/importer/draft_operations.ts'
import type { OperationDraft } from '../../../src/importer/operation_draft.ts'
import { readDocument } from '../../../src/importer/read_document.ts'
import {
  type SearchDocument,
  searchDocumentOf,
} from '../../../src/mcp/tool_search/search_document.ts'
import { defaultImportSettings } from '../../../src/model/openapi_source.ts'
import type { Tool } from '../../../src/model/tool.ts'

const folder = resolve(import.meta.dir, '../../../../shared/openapi')

/** Whether the published documents are there; the project carries no copy. */
export const hasPublishedDocuments = existsSync(folder)

/** An operation of a published document, as search sees it once it is imported. */
export interface PublishedOperation {
  readonly operationId: string | null
  readonly document: SearchDocument
}

/** Drafts the operations of a document as an import would. */
export async function publishedOperations(packedFile: string): Promise<PublishedOperation[]> {
  const packed = await Bun.file(join(folder, packedFile)).bytes()
  const entry = packedFile.replace('.gz', '')
  const files = new Map([[entry, new TextDecoder().decode(Bun.gunzipSync(packed))]])
  const settings = defaultImportSettings
  const drafts = draftOperations(readDocument({ files, entry, url: null }, settings), {
    settings,
    overrides: new Map(),
    namesByKey: new Map(),
    takenNames: new Set(),
  })
  return [...drafts]
    .filter(({ quarantine }) => quarantine === null)
    .map((draft) => ({
      operationId: draft.operationId,
      document: searchDocumentOf(toolOf(draft)),
    }))
}

/** What search reads of the tool that a draft becomes. */
function toolOf({
  tags,
  method,
  path,
  ...draft
}: OperationDraft): Pick<Tool, 'definition' | 'tags'> {
  const definition = { ...draft, httpMethod: method, endpointPath: path }
  return { tags, definition: definition as unknown as Tool['definition'] }
}
