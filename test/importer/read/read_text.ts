import type { ApiDocument, ApiOperation } from '../../../src/importer/api_document.ts'
import { readDocument } from '../../../src/importer/read_document.ts'
import { defaultImportSettings, type ImportSettings } from '../../../src/model/openapi_source.ts'

/** Reads one text, or a value as JSON, as the only file. */
export function readText(
  document: unknown,
  settings: Partial<ImportSettings> & { url?: string } = {},
): ApiDocument {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  const { url, ...rest } = settings
  const input = { files: new Map([['api.yaml', text]]), entry: 'api.yaml', url: url ?? null }
  return readDocument(input, { ...defaultImportSettings, ...rest })
}

/** Reads a bundle whose first file is its entry. */
export function readBundle(files: Record<string, unknown>): ApiDocument {
  const texts = Object.entries(files).map(
    ([path, file]) => [path, typeof file === 'string' ? file : JSON.stringify(file)] as const,
  )
  const entry = texts[0]?.[0] ?? ''
  return readDocument({ files: new Map(texts), entry, url: null }, defaultImportSettings)
}

/** A document of one operation, `POST /x/{id}`, with more members of it and of the document. */
export function oneOperation(operation: object, document: object = {}): object {
  return {
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    paths: { '/x/{id}': { post: { parameters: [idParameter], ...operation } } },
    ...document,
  }
}

/** The path parameter of `oneOperation`. */
export const idParameter = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }

/** The first operation. */
export function first(document: ApiDocument): ApiOperation {
  const [operation] = document.operations
  if (operation === undefined) throw new Error(JSON.stringify(document.findings))
  return operation
}

/** Codes of the findings, each once. */
export function codesOf(document: ApiDocument): string[] {
  return [...new Set(document.findings.map((finding) => finding.code))]
}
