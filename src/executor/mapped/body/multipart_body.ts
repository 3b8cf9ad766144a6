import { sha256Hex } from '../../../crypto/digest.ts'
import { isJsonObject, type JsonValue } from '../../../lib/json.ts'
import type { PartEncoding } from '../../../model/request_map.ts'
import { pointerStep } from '../../bound_variable.ts'
import { expand, leafText } from '../expand_value.ts'
import type { FileContent } from '../file_content.ts'
import { type Encodings, essenceOf, mediaText } from '../media_text.ts'
import { bounded } from './body_size.ts'

/** One part: its header lines and what is in it. */
interface Part {
  readonly headers: readonly string[]
  readonly content: Uint8Array
}

/** What a multipart body is made of. */
export interface MultipartInput {
  readonly contentType: string
  readonly value: JsonValue
  readonly encodings: Encodings
  /** Decoded files by property name. */
  readonly files: ReadonlyMap<string, readonly FileContent[]>
}

/** A multipart body and its `Content-Type`. */
export interface MultipartBody {
  readonly contentType: string
  readonly bytes: Uint8Array
}

const encoder = new TextEncoder()

/**
 * Writes a multipart body (RFC 2046 §5.1, RFC 7578): a part for each property, for each item of an
 * array one of the same name. The boundary comes from the content, so that the same arguments give
 * the same bytes, and does not occur in it (reliability.md case 146).
 */
export function writeMultipart(input: MultipartInput): MultipartBody {
  const parts = partsOf(input)
  const boundary = boundaryOf(parts)
  const chunks: Uint8Array[] = []
  for (const { headers, content } of parts) {
    chunks.push(encoder.encode(`--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`), content)
    chunks.push(encoder.encode('\r\n'))
  }
  chunks.push(encoder.encode(`--${boundary}--\r\n`))
  const essence = input.contentType.replace(/;\s*boundary=[^;]*/i, '')
  return { contentType: `${essence}; boundary=${boundary}`, bytes: Buffer.concat(chunks) }
}

function boundaryOf(parts: readonly Part[]): string {
  const digest = sha256Hex(parts.map((part) => sha256Hex(part.content)).join())
  for (let attempt = 0; ; attempt++) {
    const boundary = `gatehouse-${sha256Hex(`${digest}${attempt}`).slice(0, 40)}`
    const isUsed = parts.some(
      ({ content, headers }) =>
        Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes(boundary) ||
        headers.some((line) => line.includes(boundary)),
    )
    if (!isUsed) return boundary
  }
}

function partsOf({ contentType, value, encodings, files }: MultipartInput): Part[] {
  const isForm = essenceOf(contentType) === 'multipart/form-data'
  if (Array.isArray(value)) return value.map((item) => part('', item, { isForm: false }))
  if (!isJsonObject(value)) return [part('', value, { isForm: false })]
  return Object.entries(value).flatMap(([name, member]) => {
    const encoding = Object.hasOwn(encodings, name) ? encodings[name] : undefined
    const own = files.get(name)
    if (own !== undefined) return own.map((file) => filePart(name, file, { isForm, encoding }))
    return propertyParts(name, member, { isForm, encoding })
  })
}

interface PartShape {
  readonly isForm: boolean
  readonly encoding?: PartEncoding | undefined
}

function propertyParts(name: string, value: JsonValue, shape: PartShape): Part[] {
  if (value === null) return []
  const { encoding } = shape
  if (encoding !== undefined && encoding.contentType === null && isStyled(encoding, value)) {
    return styledParts(name, value, { ...shape, encoding })
  }
  if (!Array.isArray(value)) return [part(name, value, shape)]
  return value.filter((item) => item !== null).map((item) => part(name, item, shape))
}

/**
 * Whether a style says more than a part for each item would. An object has `application/json` where
 * the document gives no style, so that one without a media type has one.
 */
function isStyled({ style, explode, isFile }: PartEncoding, value: JsonValue): boolean {
  if (isJsonObject(value)) return !isFile
  return Array.isArray(value) && (style !== 'form' || !explode)
}

/** OpenAPI 3.1 §4.8.15: as in a query, but each pair is a part and nothing is escaped. */
function styledParts(
  name: string,
  value: JsonValue,
  shape: PartShape & { readonly encoding: PartEncoding },
): Part[] {
  const { style, explode } = shape.encoding
  const pointer = `/body${pointerStep(name)}`
  const encode = ({ text }: { readonly text: string }) => encodeURIComponent(text)
  const how = { name: encodeURIComponent(name), style, explode, encode, pointer }
  const text = expand(how, value)
  if (text === null) return []
  return text.split('&').map((pair) => {
    const [key = '', ...rest] = pair.split('=')
    return part(decodeURIComponent(key), decodeURIComponent(rest.join('=')), { ...shape })
  })
}

function part(name: string, value: JsonValue, shape: PartShape): Part {
  const declared = shape.encoding?.contentType ?? null
  const text = declared === null ? leafText(value) : mediaText(firstType(declared), value)
  const ownType = isJsonObject(value) || Array.isArray(value) ? 'application/json' : null
  const type = declared === null ? ownType : firstType(declared)
  return {
    headers: headersOf(name, shape, { type, filename: null }),
    content: encoder.encode(bounded(text)),
  }
}

function filePart(name: string, file: FileContent, shape: PartShape): Part {
  const declared = shape.encoding?.contentType ?? null
  const type = file.contentType ?? concreteType(declared) ?? 'application/octet-stream'
  const headers = headersOf(name, shape, { type, filename: file.filename ?? 'file' })
  return { headers, content: file.bytes }
}

/** The first type of a list that is no range; null where there is none. */
function concreteType(declared: string | null): string | null {
  const types = (declared ?? '').split(',').map((type) => type.trim())
  return types.find((type) => type !== '' && !type.includes('*')) ?? null
}

const firstType = (declared: string) => concreteType(declared) ?? 'text/plain'

interface PartKind {
  readonly type: string | null
  readonly filename: string | null
}

function headersOf(name: string, shape: PartShape, { type, filename }: PartKind): string[] {
  const lines: string[] = []
  if (shape.isForm) {
    const file = filename === null ? '' : `; filename="${escaped(filename)}"`
    lines.push(`Content-Disposition: form-data; name="${escaped(name)}"${file}`)
  } else if (filename !== null && filename !== 'file') {
    lines.push(`Content-Disposition: attachment; filename="${escaped(filename)}"`)
  }
  const isTyped = type !== null || !shape.isForm
  if (isTyped) lines.push(`Content-Type: ${type ?? 'text/plain; charset=utf-8'}`)
  for (const [header, value] of Object.entries(shape.encoding?.headers ?? {})) {
    if (!/^content-(?:type|disposition)$/i.test(header)) lines.push(`${header}: ${value}`)
  }
  return lines
}

/** HTML §4.10.21.8: how names and file names stand in quotes. */
const escaped = (text: string) =>
  text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
