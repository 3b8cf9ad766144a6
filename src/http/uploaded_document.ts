import { AppError } from '../errors.ts'
import { decodeUtf8, isJsonObject, type JsonValue, parseJson } from '../lib/json.ts'
import type { RawDocument } from '../manage/openapi/worker_messages.ts'
import { readBounded } from './bounded_body.ts'

/** Largest document, or bundle, that is taken. */
const maxUploadBytes = 32 * 1024 * 1024
/** Largest body that asks for an import; what is larger can only be a document. */
const MAX_ASKED_BYTES = 16 * 1024
/** What a bundle may need beside its files. */
const MULTIPART_EXTRA_BYTES = 1024 * 1024
/** The most files of a bundle. */
const MAX_FILES = 5_000
/** Fields of a form beside its files. */
const OTHER_FIELDS = 10

/** Whether a request may carry a document instead of JSON. */
export const isUpload = (method: string, path: string): boolean =>
  method === 'POST' && /^\/api\/v1\/openapi-sources\/[^/]+\/imports$/.test(path)

/** Largest body at such a path. */
export const maxUploadBodyBytes = maxUploadBytes + MULTIPART_EXTRA_BYTES

/** Whether a body is plain JSON, which asks for an import or is a document; nothing at all is, too. */
export function isJsonUpload(headers: Headers): boolean {
  const type = headers.get('content-type')
  return type === null || /^application\/json\s*(;|$)/i.test(type)
}

const documentTypes =
  /^(?:text\/[\w.+-]+|application\/(?:[\w.-]+\+)?(?:ya?ml|x-yaml|json)|application\/octet-stream|application\/vnd\.oai\.openapi)\s*(?:;|$)/i

/**
 * Reads a document that a request carries: its body, or the files of a form.
 * @throws AppError body_too_large, unsupported_media_type, validation_failed, malformed_json
 */
export async function uploadedDocument(request: Request): Promise<RawDocument> {
  const type = request.headers.get('content-type') ?? ''
  const isBundle = /^multipart\/form-data\s*;/i.test(type)
  if (request.headers.has('content-encoding') || !(isBundle || documentTypes.test(type))) {
    throw new AppError('unsupported_media_type', {
      detail: 'Content-Type must be JSON, YAML, text, application/octet-stream or a form',
    })
  }
  if (!isBundle) {
    const bytes = await readBounded(request, maxUploadBytes)
    if (bytes.byteLength === 0) throw refused('is empty')
    return documentOf(bytes)
  }
  return bundleOf(await formOf(request, type))
}

const documentOf = (bytes: Uint8Array): RawDocument => ({
  files: [['document', bytes]],
  entry: 'document',
  url: null,
})

/** What a JSON body asks for, or the document that it is. */
export type JsonUpload = { readonly asked: JsonValue } | { readonly uploaded: RawDocument }

/**
 * Reads a body sent as `application/json`, which is how many send the document itself: it is one where
 * it says `openapi` or `swagger` at its top. No body asks for nothing in particular.
 * @throws AppError body_too_large, unsupported_media_type, or what `parseJson` finds
 */
export async function uploadedJson(request: Request): Promise<JsonUpload> {
  const bytes = await readBounded(request, maxUploadBytes)
  if (bytes.byteLength === 0) return { asked: {} }
  const { headers } = request
  if (headers.get('content-type') === null || headers.has('content-encoding')) {
    throw new AppError('unsupported_media_type')
  }
  if (bytes.byteLength > MAX_ASKED_BYTES || saysVersion(decodeUtf8(bytes))) {
    return { uploaded: documentOf(bytes) }
  }
  return { asked: parseJson(decodeUtf8(bytes)) }
}

function saysVersion(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) && ('openapi' in value || 'swagger' in value)
  } catch {
    return false
  }
}

async function formOf(request: Request, type: string): Promise<readonly FormEntry[]> {
  const bytes = await readBounded(request, maxUploadBodyBytes)
  if (hasTooManyParts(bytes, type)) throw refused(`has more than ${MAX_FILES} files`)
  try {
    const headers = { 'content-type': type }
    const form = await new Response(bytes as Uint8Array<ArrayBuffer>, { headers }).formData()
    return [...form.entries()] as unknown as FormEntry[]
  } catch (cause) {
    throw refused('is no multipart/form-data that can be read', cause)
  }
}

/** Whether taking a form apart would hold everybody up. */
function hasTooManyParts(bytes: Uint8Array, type: string): boolean {
  const [, quoted, plain = quoted] = /;\s*boundary=(?:"([^"]+)"|([^";\s]+))/i.exec(type) ?? []
  if (plain === undefined) throw refused('names no boundary in its Content-Type')
  const delimiter = `--${plain}`
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let parts = 0
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    if (++parts > MAX_FILES + OTHER_FIELDS) return true
  }
  return false
}

type FormEntry = readonly [name: string, value: string | File]

async function bundleOf(form: readonly FormEntry[]): Promise<RawDocument> {
  const files: [string, Uint8Array][] = []
  let total = 0
  for (const [, value] of form) {
    if (typeof value === 'string') continue
    total += value.size
    if (total > maxUploadBytes) throw new AppError('body_too_large')
    if (files.length >= MAX_FILES) throw refused(`has more than ${MAX_FILES} files`)
    files.push([pathOf(value.name), new Uint8Array(await value.arrayBuffer())])
  }
  const [first] = files
  const given = form.find(([name]) => name === 'entry')?.[1]
  const entry = typeof given === 'string' ? pathOf(given) : files.length === 1 ? first?.[0] : null
  if (first === undefined) throw refused('holds no file')
  if (entry === null || entry === undefined) throw refused('needs the field entry')
  if (new Set(files.map(([path]) => path)).size < files.length) throw refused('repeats a path')
  if (!files.some(([path]) => path === entry)) throw refused('holds no file called as entry says')
  return { files, entry, url: null }
}

const pathOf = (name: string) => name.replaceAll('\\', '/').replace(/^(?:\.?\/)+/, '')

const refused = (message: string, cause?: unknown) =>
  new AppError('validation_failed', { errors: [{ pointer: '', message }], cause })
