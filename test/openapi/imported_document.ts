import type { RunningApp } from '../helpers/running_app.ts'
import type { Raw } from './reference/document_graph.ts'
import type { SharedDocument } from './shared_documents.ts'

/** The management API as an administrator reaches it. */
export type Management = Pick<RunningApp, 'api' | 'url'>

/** A document on its way through the import, as the management API tells it. */
export interface ImportedDocument {
  readonly sourceId: number
  readonly importId: number
  /** As it stood when reading ended. */
  readonly report: Raw
  readonly waitedMs: number
}

const deadlineMs = 60_000

/** Makes a source, uploads a document and waits until it is read. @throws Error where that fails */
export async function importDocument(
  app: Management,
  document: SharedDocument,
  source: Raw,
): Promise<ImportedDocument> {
  const made = await app.api('POST', '/api/v1/openapi-sources', { name: document.name, ...source })
  if (made.status !== 201) throw new Error(`source: ${made.status} ${JSON.stringify(made.body)}`)
  return importAgain(app, document, made.body.id)
}

/** Uploads a document to a source that exists and waits until it is read. */
export async function importAgain(
  app: Management,
  document: SharedDocument,
  sourceId: number,
): Promise<ImportedDocument> {
  const startMs = performance.now()
  const given = await upload(app, `/api/v1/openapi-sources/${sourceId}/imports`, document)
  if (given.status !== 202) throw new Error(`upload: ${given.status} ${JSON.stringify(given.body)}`)
  const importId: number = (given.body.import ?? given.body).id
  const path = `/api/v1/openapi-sources/${sourceId}/imports/${importId}`
  for (;;) {
    const { status, body } = await app.api('GET', path)
    if (status !== 200) throw new Error(`import: ${status} ${JSON.stringify(body)}`)
    const waitedMs = performance.now() - startMs
    if (body.state !== 'reading') return { sourceId, importId, report: body, waitedMs }
    if (waitedMs > deadlineMs) throw new Error(`still reading: ${JSON.stringify(body.progress)}`)
    await Bun.sleep(20)
  }
}

/** Posts a document as a user would: one file as it is, several as a form. */
export async function upload(
  app: Management,
  path: string,
  { files, entry }: SharedDocument,
  token = adminTokens.get(app),
): Promise<{ status: number; body: Raw }> {
  const [[, text = ''] = []] = files
  const isJson = entry.endsWith('.json')
  const form = new FormData()
  form.set('entry', entry)
  for (const [name, content] of files) form.append('files', new Blob([content]), name)
  const response = await fetch(app.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(files.size > 1
        ? {}
        : { 'content-type': isJson ? 'application/vnd.oai.openapi+json' : 'application/yaml' }),
    },
    body: files.size > 1 ? form : text,
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

/** Who uploads, by app. */
export const adminTokens = new WeakMap<Management, string>()

/** Every item of a listing. */
export async function allItems(app: RunningApp, path: string): Promise<Raw[]> {
  const items: Raw[] = []
  let cursor: string | null = null
  do {
    const sign = path.includes('?') ? '&' : '?'
    const { status, body } = await app.api(
      'GET',
      cursor === null ? path : `${path}${sign}cursor=${encodeURIComponent(cursor)}`,
    )
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
    items.push(...body.items)
    cursor = body.next_cursor ?? null
  } while (cursor !== null)
  return items
}
