import { AppError } from '../../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { SchemaIssue } from '../../lib/json_schema/compile_schema.ts'

/** A file an argument holds, decoded. */
export interface FileContent {
  readonly bytes: Uint8Array
  /** What the document's schema is asked about: the text, or one character for each byte. */
  readonly text: string
  readonly filename: string | null
  readonly contentType: string | null
}

/** Most bytes of one file, decoded. */
export const maxFileBytes = 10 * 1024 * 1024

const sources = ['text', 'base64', 'data_uri'] as const
const MEDIA_TYPE =
  /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}(?:; ?[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[^"\\]*"))*$/
const DATA_URI = /^data:([^,]{0,500}),(.*)$/is
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f]/

/**
 * Reads a file argument: a text (a `data:` URI is decoded), or an object with exactly one of `text`,
 * `base64` and `data_uri`.
 * @returns what is wrong with it instead, pointers below `pointer`
 * @throws AppError request_too_large - more than 10 MiB decoded
 */
export function readFile(value: JsonValue, pointer: string): FileContent | SchemaIssue {
  if (typeof value === 'string') return readText(value, pointer)
  if (!isJsonObject(value)) {
    return { pointer, message: `must be a text, or an object with one of ${listed}` }
  }
  return misshapen(value, pointer) ?? withNames(readSource(value, pointer), value)
}

/** Tells a file from what is wrong with it. */
export function isFile(read: FileContent | SchemaIssue): read is FileContent {
  return 'bytes' in read
}

/** Whether an object can only be meant as a file: one of its sources, and nothing unknown. */
export function looksLikeFile(value: JsonValue): boolean {
  return isJsonObject(value) && misshapen(value, '') === null
}

const listed = '"text", "base64" and "data_uri"'

function misshapen(value: JsonObject, pointer: string): SchemaIssue | null {
  const known = new Set<string>([...sources, 'filename', 'content_type'])
  for (const key of Object.keys(value)) {
    if (!known.has(key)) {
      const name = JSON.stringify(key.slice(0, 64))
      return { pointer, message: `has ${name}, which is no member of a file` }
    }
    if (typeof value[key] !== 'string') return { pointer: `${pointer}/${key}`, message: TEXT }
  }
  const given = sources.filter((source) => value[source] !== undefined)
  if (given.length !== 1) return { pointer, message: `must have exactly one of ${listed}` }
  return badName(value, pointer)
}

const TEXT = 'must be a text'

function badName({ filename, content_type }: JsonObject, pointer: string): SchemaIssue | null {
  if (typeof content_type === 'string' && !MEDIA_TYPE.test(content_type)) {
    return { pointer: `${pointer}/content_type`, message: 'must be a media type as image/png' }
  }
  if (typeof filename !== 'string') return null
  const isGood = filename !== '' && filename.length <= 255 && !CONTROL.test(filename)
  const message = 'must be 1 to 255 characters, none of them a control character'
  return isGood ? null : { pointer: `${pointer}/filename`, message }
}

function readSource(value: JsonObject, pointer: string): FileContent | SchemaIssue {
  const { text, base64, data_uri } = value
  if (typeof text === 'string') return textFile(text)
  if (typeof base64 === 'string') return base64File(base64, `${pointer}/base64`)
  return dataUriFile(String(data_uri), `${pointer}/data_uri`)
}

function withNames(
  read: FileContent | SchemaIssue,
  { filename, content_type }: JsonObject,
): FileContent | SchemaIssue {
  if (!isFile(read)) return read
  return {
    ...read,
    filename: typeof filename === 'string' ? baseName(filename) : null,
    contentType: typeof content_type === 'string' ? content_type : read.contentType,
  }
}

/** A name without the folders before it (case 146). */
const baseName = (name: string) => name.slice(Math.max(0, name.search(/[^/\\]*$/))) || 'file'

function readText(text: string, pointer: string): FileContent | SchemaIssue {
  return DATA_URI.test(text) ? dataUriFile(text, pointer) : textFile(text)
}

function textFile(text: string): FileContent {
  if (text.length > maxFileBytes) throw fileTooLarge()
  return sized(new TextEncoder().encode(text), text)
}

function base64File(base64: string, pointer: string): FileContent | SchemaIssue {
  if ((base64.length / 4) * 3 - 2 > maxFileBytes) throw fileTooLarge()
  const bytes = decodeBase64(base64)
  if (bytes === null) return { pointer, message: 'must be base64 (RFC 4648 §4), padded' }
  return sized(bytes, bytes.toString('latin1'))
}

/** Strict: the alphabet, the padding and no stray bits (RFC 4648 §3.5). */
function decodeBase64(text: string): Buffer | null {
  if (text.length % 4 !== 0 || !BASE64.test(text)) return null
  if (text === '') return Buffer.alloc(0)
  const bytes = Buffer.from(text, 'base64')
  const last = bytes.subarray(Math.floor(Math.max(0, bytes.length - 1) / 3) * 3)
  return last.toString('base64') === text.slice(-4) ? bytes : null
}

function dataUriFile(uri: string, pointer: string): FileContent | SchemaIssue {
  const [, head, rest] = DATA_URI.exec(uri) ?? []
  if (head === undefined || rest === undefined) {
    return { pointer, message: 'must be a data: URI (RFC 2397)' }
  }
  const isBase64 = /;\s*base64$/i.test(head)
  const type = head.replace(/;\s*base64$/i, '').trim()
  // RFC 2397 §2: parameters alone stand for text/plain with them, nothing for US-ASCII text.
  const full = type.startsWith(';') ? `text/plain${type}` : type
  const contentType = MEDIA_TYPE.test(full) ? full : null
  const data = percentDecoded(rest)
  const read = isBase64
    ? base64File(data.toString('latin1'), pointer)
    : sized(data, data.toString('latin1'))
  return isFile(read) ? { ...read, contentType } : read
}

function percentDecoded(text: string): Buffer {
  if (text.length > maxFileBytes * 3) throw fileTooLarge()
  if (!text.includes('%')) return Buffer.from(text, 'utf8')
  const pieces = text.split(/((?:%[0-9A-Fa-f]{2})+)/)
  return Buffer.concat(
    pieces.map((piece, index) =>
      index % 2 === 0 ? Buffer.from(piece, 'utf8') : Buffer.from(piece.replaceAll('%', ''), 'hex'),
    ),
  )
}

function sized(bytes: Uint8Array, text: string): FileContent {
  if (bytes.byteLength > maxFileBytes) throw fileTooLarge()
  return { bytes, text, filename: null, contentType: null }
}

/** The error for more than 10 MiB of files. */
export function fileTooLarge(): AppError {
  return new AppError('request_too_large', { reason: 'The files exceed 10 MiB.' })
}
