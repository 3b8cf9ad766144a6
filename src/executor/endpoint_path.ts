import { AppError } from '../errors.ts'
import type { TemplatePart } from '../model/template.ts'
import {
  type BoundTemplate,
  type BoundVariable,
  type RenderInput,
  readVariable,
  scalarText,
  unusable,
} from './bound_variable.ts'
import { percentEncode } from './percent_encode.ts'

/** A compiled endpoint_path: what stands between its slashes. */
export interface PathTemplate {
  /** The whole path, where nothing in it varies. */
  readonly fixed: string | null
  /** A literal segment, or the parts of one that varies. */
  readonly segments: readonly PathSegment[]
}

/** A literal segment as sent, or the literals (as sent) and variables of one that varies. */
export type PathSegment = string | readonly TemplatePart<BoundVariable>[]

/** What an endpoint_path must not hold, each with what to do instead. */
const refusals: readonly (readonly [RegExp, string])[] = [
  [/\s/, 'must not hold whitespace; write %20'],
  [/[^\x21-\x7e]/, 'must be visible ASCII; percent-encode everything else'],
  [/\?/, 'must not hold a ?; put the query into query_template'],
  [/#/, 'must not hold a #; a fragment is never sent'],
  [/\\/, 'must not hold a backslash'],
  [/\/\//, 'must not hold an empty segment (//)'],
  [/%(?![0-9A-Fa-f]{2})/, 'has a % without two hex digits after it; write %25'],
]
const NOT_PCHAR = /[^A-Za-z0-9._~!$&'()*+,;=:@%{}/-]/
const SENDABLE_SEGMENT = /^[A-Za-z0-9._~!$&'()*+,;=:@%-]+$/

/** What is wrong with the text of an endpoint_path, before its braces are read; empty when nothing. */
export function pathProblems(path: string): readonly string[] {
  const found = refusals.filter(([pattern]) => pattern.test(path)).map(([, message]) => message)
  if (found.length === 0 && NOT_PCHAR.test(path.replace(/\{[^{}]*\}/g, ''))) {
    return ['holds a character that a path cannot; percent-encode it']
  }
  return found
}

/**
 * Splits a parsed path at its literal slashes. Literal braces go out percent-encoded and `%2e` as a
 * dot (RFC 3986 §6.2.2.2), so that a dot segment cannot hide.
 */
export function compilePath(template: BoundTemplate): PathTemplate {
  const segments: PathSegment[] = splitSegments(template).map((parts) => {
    const literals = parts.map((part) => ('text' in part ? part.text : null))
    return literals.includes(null) ? parts : literals.join('')
  })
  const isFixed = segments.every((segment) => typeof segment === 'string')
  return { fixed: isFixed ? `/${segments.join('/')}` : null, segments }
}

function splitSegments(template: BoundTemplate): TemplatePart<BoundVariable>[][] {
  const segments: TemplatePart<BoundVariable>[][] = [[]]
  const parts = template.kind === 'text' ? template.parts : []
  const all = template.kind === 'static' ? [{ text: template.text }] : parts
  for (const part of all) {
    if (!('text' in part)) {
      segments.at(-1)?.push(part)
      continue
    }
    for (const [index, text] of asSent(part.text).split('/').entries()) {
      if (index > 0) segments.push([])
      if (text !== '') segments.at(-1)?.push({ text })
    }
  }
  // What stands before the leading slash is no segment.
  return segments.slice(1)
}

function asSent(literal: string): string {
  return literal.replaceAll('{', '%7B').replaceAll('}', '%7D').replace(/%2e/gi, '.')
}

/** Whether a rendered segment would be dropped or climbed by whoever normalises the path. */
export function isDotSegment(segment: string): boolean {
  return segment === '.' || segment === '..'
}

/**
 * Renders the path as it will be sent. Every value is percent-encoded, so it stays inside its
 * segment (reliability.md cases 136–140).
 * @throws AppError invalid_argument - a value is missing, null, an array, an object, empty, `.` or
 * `..`, even amid a segment, so that no two make one together; member_required - `{member_id}` without a member;
 * template_escape - the final check of the shape
 */
export function renderPath(template: PathTemplate, input: RenderInput): string {
  if (template.fixed !== null) return template.fixed
  let path = ''
  for (const segment of template.segments) {
    path += `/${typeof segment === 'string' ? segment : renderSegment(segment, input)}`
  }
  if (!keepsShape(path, template)) throw new AppError('template_escape')
  return path
}

function renderSegment(parts: readonly TemplatePart<BoundVariable>[], input: RenderInput): string {
  let text = ''
  for (const part of parts) {
    text += 'text' in part ? part.text : percentEncode(pathValue(part.variable, input))
  }
  return text
}

function pathValue(variable: BoundVariable, input: RenderInput): string {
  const value = readVariable(variable, input)
  if (value === undefined || value === null) {
    if (variable.from === 'caller') throw new AppError('member_required')
    throw unusable(variable.pointer, 'is missing, and the path of the request needs it')
  }
  const text = scalarText(value)
  if (text === null) throw unusable(variable.pointer, 'must be a scalar to stand in the path')
  if (text === '') throw unusable(variable.pointer, 'must not be empty in the path')
  if (isDotSegment(text)) throw unusable(variable.pointer, 'must not be . or .. in the path')
  return text
}

/**
 * Tells whether a rendered path has exactly the template's segments: as many, the literal ones
 * unchanged, none of them empty, `.` or `..` (reliability.md case 140). It looks at the result
 * alone and trusts nothing about how it was made.
 */
export function keepsShape(path: string, template: PathTemplate): boolean {
  let at = 0
  for (const expected of template.segments) {
    if (path.charCodeAt(at) !== 0x2f) return false
    const next = path.indexOf('/', at + 1)
    const end = next < 0 ? path.length : next
    const segment = path.slice(at + 1, end)
    if (typeof expected === 'string') {
      if (segment !== expected) return false
    } else if (!SENDABLE_SEGMENT.test(segment) || isDotSegment(segment)) return false
    at = end
  }
  return at === path.length
}
