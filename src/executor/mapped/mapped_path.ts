import { AppError } from '../../errors.ts'
import type { JsonValue } from '../../lib/json.ts'
import type { MappedParameter } from '../../model/request_map.ts'
import { unusable } from '../bound_variable.ts'
import { isDotSegment } from '../endpoint_path.ts'
import { percentEncode } from '../percent_encode.ts'
import { type Expansion, expand } from './expand_value.ts'
import { mediaText } from './media_text.ts'
import type { ParameterValues } from './parameter_values.ts'
import { reservedInPath, strictly } from './place_encoders.ts'

/** A compiled path: between its slashes literals as sent, and parameters. */
export type MappedPath = readonly (readonly PathPart[])[]
export type PathPart = string | MappedParameter

const PIECE = /^[A-Za-z0-9._~!$&'()*+,;=:@%-]+$/
const LITERAL = /%[0-9A-Fa-f]{2}|[A-Za-z0-9._~!$&'()*+,;=:@/-]|./gsu

/**
 * Compiles the path of a document: `{name}` is the parameter of that name, everything else a literal.
 * @throws AppError validation_failed - a `{name}` without a parameter, a dot segment, or no path
 */
export function compileMappedPath(
  path: string,
  parameters: readonly MappedParameter[],
): MappedPath {
  if (!path.startsWith('/') || path.startsWith('//')) throw fault('must start with one /')
  const byName = new Map(parameters.filter((p) => p.in === 'path').map((p) => [p.name, p]))
  const segments = path.slice(1).split(/\/(?![^{}]*\})/)
  return segments.map((segment) => {
    const parts = segment.split(/(\{[^{}]+\})/).filter((part) => part !== '')
    const compiled = parts.map((part) => (isVariable(part) ? named(part, byName) : literal(part)))
    if (compiled.every((part) => typeof part === 'string') && isDotSegment(compiled.join(''))) {
      throw fault('must not hold a . or .. segment')
    }
    return compiled
  })
}

const isVariable = (part: string) => part.startsWith('{') && part.endsWith('}')

function named(part: string, byName: ReadonlyMap<string, MappedParameter>): MappedParameter {
  const name = part.slice(1, -1)
  // `{+path}` and `{proxy+}` are spellings of other template languages.
  const found = byName.get(name) ?? byName.get(name.replace(/^\+|[+*]$/g, ''))
  if (found === undefined) throw fault(`holds ${part.slice(0, 80)}, which is no path parameter`)
  return found
}

function literal(text: string): string {
  const encoded = text.replace(LITERAL, (piece) =>
    piece.length === 1 && /[A-Za-z0-9._~!$&'()*+,;=:@/-]/.test(piece)
      ? piece
      : /^%[0-9A-Fa-f]{2}$/.test(piece)
        ? piece
        : percentEncode(piece),
  )
  return encoded.replace(/%2e/gi, '.')
}

/**
 * Renders a path as it will be sent. A value stays inside its segment unless the document lets it
 * hold slashes (`allowReserved`), and makes no empty and no dot segment (reliability.md cases
 * 136–140).
 * @throws AppError invalid_argument, member_required, or template_escape - the final check
 */
export function renderMappedPath(path: MappedPath, values: ParameterValues): string {
  return path.map((segment) => `/${renderSegment(segment, values)}`).join('')
}

function renderSegment(segment: readonly PathPart[], values: ParameterValues): string {
  const text = segment
    .map((part) => (typeof part === 'string' ? part : renderPart(part, values)))
    .join('')
  if (segment.every((part) => typeof part === 'string')) return text
  const spread = segment.find((part) => typeof part !== 'string' && part.allowReserved)
  const pieces = text.split('/')
  const isWhole = pieces.every((piece) => PIECE.test(piece) && !isDotSegment(piece))
  if (isWhole && (pieces.length === 1 || spread !== undefined)) return text
  const at = segment.find((part) => typeof part !== 'string')
  if (at === undefined || typeof at === 'string') throw new AppError('template_escape')
  const what = 'must not make an empty, . or .. segment of the path'
  throw unusable(values.pointerOf(at), what)
}

function renderPart(parameter: MappedParameter, values: ParameterValues): string {
  const pointer = values.pointerOf(parameter)
  const value = values.of(parameter) ?? null
  if (value === null) {
    if ('caller' in parameter.source) throw new AppError('member_required')
    throw unusable(pointer, 'is missing, and the path of the request needs it')
  }
  const text = writeValue(parameter, value, { pointer, reserved: values.reservedFor(parameter) })
  if (text === null) throw unusable(pointer, 'must not be empty in the path')
  if (parameter.style === 'simple' && text === '') {
    throw unusable(pointer, 'must not be empty in the path')
  }
  if (isDotSegment(text)) throw unusable(pointer, 'must not be empty, . or .. in the path')
  return text
}

function writeValue(
  parameter: MappedParameter,
  value: JsonValue,
  where: Pick<Expansion, 'pointer' | 'reserved'>,
): string | null {
  const { name, style, explode, allowReserved, contentType } = parameter
  const encode = allowReserved ? reservedInPath(style) : strictly
  if (contentType !== null) {
    const { pointer } = where
    return encode({ text: mediaText(contentType, value), isPart: false, pointer })
  }
  const how = { name: percentEncode(name), style, explode, encode, bare: 'escaped' } as const
  return expand({ ...how, ...where }, value)
}

function fault(message: string): AppError {
  const errors = [{ pointer: '/endpoint_path', message }]
  return new AppError('validation_failed', { errors })
}
