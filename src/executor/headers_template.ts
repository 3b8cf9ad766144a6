import { AppError } from '../errors.ts'
import type { JsonValue } from '../lib/json.ts'
import { comparableName } from '../model/header_name.ts'
import { partsOf } from '../model/template.ts'
import {
  type BoundTemplate,
  type BoundVariable,
  type RenderInput,
  readVariable,
  scalarText,
  unusable,
} from './bound_variable.ts'

/** A header as it is sent: name and value. */
export type Header = readonly [name: string, value: string]

/** A compiled headers_template with the headers every request has. */
export interface HeadersTemplate {
  /** All headers, where none varies. */
  readonly fixed: readonly Header[] | null
  readonly entries: readonly HeaderEntry[]
}

interface HeaderEntry {
  readonly name: string
  readonly template: BoundTemplate
  /** What is sent where the template's value is missing; null drops the header. */
  readonly fallback: string | null
}

const bodyType: Header = ['content-type', 'application/json']
const defaults: readonly Header[] = [
  ['accept', 'application/json, */*;q=0.8'],
  ['user-agent', 'Gatehouse'],
]
const VISIBLE = /^[\x20-\x7e]*$/
const JSON_TYPE = /^[a-z]+\/(?:[a-z0-9.!#$&^_-]+\+)?json *(?:;|$)/i
const maxHeaderBytes = 16 * 1024

/** Whether a text can be a header's value: visible ASCII and spaces, so no CR, LF or NUL (case 142). */
export function isHeaderValue(text: string): boolean {
  return VISIBLE.test(text)
}

/** What is wrong with one line of a headers_template beside its name; null when nothing. */
export function headerProblem(name: string, template: BoundTemplate): string | null {
  const isLiteral = (part: ReturnType<typeof partsOf<BoundVariable>>[number]) =>
    !('text' in part) || isHeaderValue(part.text)
  if (!partsOf(template).every(isLiteral)) return 'must be visible ASCII'
  if (comparableName(name) !== 'content-type') return null
  return template.kind === 'static' && JSON_TYPE.test(template.text)
    ? null
    : 'must be a fixed JSON media type: bodies are sent as JSON'
}

/** Adds the defaults to the template's own headers and precomputes what does not vary. */
export function compileHeaders(
  own: readonly (readonly [string, BoundTemplate])[],
  hasBody: boolean,
): HeadersTemplate {
  const standard = hasBody ? [bodyType, ...defaults] : defaults
  const isOwn = (name: string) => own.some(([other]) => other.toLowerCase() === name)
  const entries: HeaderEntry[] = own.map(([name, template]) => {
    const fallback = standard.find(([other]) => other === name.toLowerCase())?.[1] ?? null
    return { name, template, fallback }
  })
  for (const [name, text] of standard) {
    if (!isOwn(name)) entries.push({ name, template: { kind: 'static', text }, fallback: null })
  }
  const fixed = entries.flatMap(({ name, template }): Header[] =>
    template.kind === 'static' ? [[name, template.text]] : [],
  )
  return { fixed: fixed.length === entries.length ? Object.freeze(fixed) : null, entries }
}

/**
 * Renders the headers of a template; a header whose variable is missing or null is dropped.
 * @throws AppError invalid_header_value - a value that is no visible ASCII text or is an object;
 * request_too_large - more than 16 KiB of values
 */
export function renderHeaders(template: HeadersTemplate, input: RenderInput): readonly Header[] {
  if (template.fixed !== null) return template.fixed
  const headers: Header[] = []
  let bytes = 0
  for (const entry of template.entries) {
    const text = headerText(entry.template, input) ?? entry.fallback
    if (text === null) continue
    headers.push([entry.name, text])
    bytes += text.length
  }
  if (bytes > maxHeaderBytes) {
    throw new AppError('request_too_large', { reason: 'The headers exceed 16 KiB.' })
  }
  return headers
}

function headerText(template: BoundTemplate, input: RenderInput): string | null {
  if (template.kind === 'static') return template.text
  let text = ''
  for (const part of partsOf(template)) {
    if ('text' in part) {
      text += part.text
      continue
    }
    const value = readVariable(part.variable, input) ?? null
    if (value === null) return null
    text += valueText(value, part.variable)
  }
  return text
}

function valueText(value: JsonValue, { pointer }: BoundVariable): string {
  const text = Array.isArray(value) ? listText(value, pointer) : scalarText(value)
  if (text === null) throw unusable(pointer, 'cannot be a header', 'invalid_header_value')
  if (!isHeaderValue(text)) {
    throw unusable(pointer, 'must be visible ASCII to be a header', 'invalid_header_value')
  }
  return text
}

/** Joins scalars with commas; one that holds a comma would pass for two and is refused. */
function listText(values: readonly JsonValue[], pointer: string): string {
  const texts = values.map((value, index) => {
    const text = scalarText(value)
    if (text === null || text.includes(',')) {
      const message = 'must be a scalar without a comma to stand in a header'
      throw unusable(`${pointer}/${index}`, message, 'invalid_header_value')
    }
    return text
  })
  return texts.join(',')
}
