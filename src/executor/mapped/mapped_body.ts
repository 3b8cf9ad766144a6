import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { MappedBody } from '../../model/request_map.ts'
import { unusable } from '../bound_variable.ts'
import { bodyBytes } from './body/body_size.ts'
import { writeMultipart } from './body/multipart_body.ts'
import { writeXml } from './body/xml_body.ts'
import { leafText } from './expand_value.ts'
import { type FileContent, fileTooLarge, maxFileBytes } from './file_content.ts'
import { formText } from './media_text.ts'

/** A rendered body with the `Content-Type` that goes with it. */
export interface RenderedBody {
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** The body of one call. */
export interface BodyInput {
  /** Its names as on the wire. */
  readonly value: JsonValue
  /** Decoded files by property name on the wire; under '' the body itself. */
  readonly files: ReadonlyMap<string, readonly FileContent[]>
}

/** Where the schema of a body is to be looked up. */
export interface BodySchema {
  readonly schema: JsonValue | undefined
  /** What a `$ref` in it is relative to. */
  readonly root: JsonObject
}

/**
 * Writes the body in its media type.
 * @throws AppError invalid_argument; request_too_large - above 4 MiB, or files above 10 MiB
 */
export function renderMappedBody(
  body: MappedBody,
  input: BodyInput,
  where: BodySchema,
): RenderedBody {
  const { contentType, kind, encoding } = body
  const { value, files } = input
  refuseTooMuch(files)
  const whole = files.get('')?.[0]
  if (whole !== undefined) return wholeFile(body, whole)
  if (kind === 'multipart')
    return writeMultipart({ contentType, value, encodings: encoding, files })
  if (kind === 'form') return { contentType, bytes: formBytes(body, value, files) }
  if (kind === 'xml')
    return { contentType, bytes: bodyBytes(writeXml(value, where.schema, where.root)) }
  const text = kind === 'json' ? JSON.stringify(value) : leafText(value)
  return { contentType, bytes: bodyBytes(text) }
}

function refuseTooMuch(files: BodyInput['files']): void {
  let total = 0
  for (const list of files.values()) for (const { bytes } of list) total += bytes.byteLength
  if (total > maxFileBytes) throw fileTooLarge()
}

/** Where the document leaves the type open, the file's own is sent. */
function wholeFile({ contentType }: MappedBody, file: FileContent): RenderedBody {
  const isOpen = contentType === 'application/octet-stream' || contentType.includes('*')
  const own = file.contentType ?? 'application/octet-stream'
  return { contentType: isOpen ? own : contentType, bytes: file.bytes }
}

function formBytes({ encoding }: MappedBody, value: JsonValue, files: BodyInput['files']) {
  if (!isJsonObject(value)) throw unusable('/body', 'must be an object to be sent as a form')
  const members = Object.entries(value).map(([name, member]) => {
    const own = files.get(name)
    if (own === undefined) return [name, member] as const
    const texts = own.map((file) => file.text)
    return [name, Array.isArray(member) ? texts : (texts[0] ?? null)] as const
  })
  return bodyBytes(formText(Object.fromEntries(members), encoding, '/body'))
}
