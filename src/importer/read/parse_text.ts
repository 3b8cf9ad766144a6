import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { checkTree } from './check_tree.ts'
import { jsonErrorPlace } from './json_error.ts'
import { unreadable } from './unreadable.ts'

/** Most text a document may have, all files of a bundle together, in UTF-16 units. */
export const maxTextLength = 32 * 1024 * 1024
/** Longest YAML text whose failing line is searched for. */
const maxSearchLength = 1024 * 1024

/** A parsed text. */
export interface ParsedText {
  readonly value: unknown
  /** How many `__proto__` members were taken out. */
  readonly reservedKeys: number
  /** How many YAML documents followed the first. */
  readonly furtherDocuments: number
}

/**
 * Reads JSON or YAML, whatever the text is, into values that are safe to walk (`checkTree`).
 * @throws AppError document_unreadable with line and column where they are known
 */
export function parseText(text: string): ParsedText {
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text
  refuseOtherThings(clean)
  const parsed = /^\s*[{[]/.test(clean) ? parseJsonText(clean) : parseYaml(clean)
  const documents = isStream(clean, parsed) ? parsed : [parsed]
  const value = documents.find(isJsonObject) ?? documents[0]
  const { reservedKeys } = checkTree(value)
  return { value, reservedKeys, furtherDocuments: documents.length - 1 }
}

/**
 * Reads an overlay or another document that must be an object.
 * @throws AppError document_unreadable
 */
export function parseObject(text: string): JsonObject {
  const { value } = parseText(text)
  if (!isJsonObject(value)) throw unreadable('It is not an object.')
  return value
}

function isStream(text: string, parsed: unknown): parsed is unknown[] {
  return Array.isArray(parsed) && parsed.length > 0 && /^(?:---|\.\.\.)(?:\s|$)/m.test(text)
}

function refuseOtherThings(text: string): void {
  if (text.length > maxTextLength) throw unreadable('It is larger than 32 MiB. Import it in parts.')
  if (text.trim() === '') throw unreadable('It is empty. Give the text of an API description.')
  if (text.includes('\0')) {
    throw unreadable('It holds NUL characters, as UTF-16 text does. Save it as UTF-8.')
  }
  if (/^\s*<(?:!doctype|html|\?xml|head|body|[a-z]+:?\w*[\s>])/i.test(text)) {
    throw unreadable(
      'It is a web page or XML, not an API description. Give the address of the JSON or YAML itself.',
    )
  }
  if (['PK\u0003\u0004', '\u001f', '%PDF-'].some((start) => text.startsWith(start))) {
    throw unreadable('It is an archive or a binary file. Unpack it and give the JSON or YAML.')
  }
}

function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const lenient = flowYaml(text)
    if (lenient !== undefined) return lenient
    const place = jsonErrorPlace(text)
    const where = place ? ` at line ${place.line}, column ${place.column}` : ''
    throw unreadable(`It is not valid JSON${where}. Mend the text there.`, cause)
  }
}

/** JSON with comments, trailing commas or single quotes is YAML. */
function flowYaml(text: string): unknown {
  try {
    const value = Bun.YAML.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function parseYaml(text: string): unknown {
  try {
    return Bun.YAML.parse(text)
  } catch (cause) {
    const what =
      cause instanceof RangeError ? 'It nests too deep or repeats too much' : yamlMessage(cause)
    throw unreadable(`${what}${nearLine(text, cause)}. Mend the text there.`, cause)
  }
}

function yamlMessage(cause: unknown): string {
  const message = cause instanceof Error ? cause.message.replace(/^YAML Parse error: /, '') : ''
  return message === '' ? 'It is not valid YAML' : `It is not valid YAML (${message})`
}

/** The parser gives no position: the longest run of whole lines that still parses ends before it. */
function nearLine(text: string, cause: unknown): string {
  if (text.length > maxSearchLength || cause instanceof RangeError) return ''
  const ends: number[] = []
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at + 1)
  let good = 0
  let bad = ends.length + 1
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (parses(text.slice(0, ends[middle - 1]))) good = middle
    else bad = middle
  }
  return ` near line ${bad}`
}

function parses(text: string): boolean {
  try {
    Bun.YAML.parse(text)
    return true
  } catch {
    return false
  }
}
