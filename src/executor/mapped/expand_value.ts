import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { ParameterStyle } from '../../model/request_map.ts'
import { pointerStep, scalarText, unusable } from '../bound_variable.ts'
import { comparableField, comparableKey } from './reserved_names.ts'

/** A text on its way to its place: what writes it, and what it is written for. */
export interface Leaf {
  readonly text: string
  /** Whether delimiters stand around it that its own must not be taken for. */
  readonly isPart: boolean
  /** Where the value is in the arguments. */
  readonly pointer: string
}

/** How a value becomes text. */
export interface Expansion {
  /** As it is written. */
  readonly name: string
  readonly style: ParameterStyle
  readonly explode: boolean
  /**
   * How Swagger 2.0's `collectionFormat` stands where nothing but the value does: `escaped` in a path,
   * `raw` in a header. Absent where the name stands before the value.
   */
  readonly bare?: 'escaped' | 'raw'
  /** Comparable names that no member sent under its own name may have. */
  readonly reserved?: ReadonlySet<string>
  /** Writes one text so that it fits its place. @throws AppError - it cannot */
  readonly encode: (leaf: Leaf) => string
  /** Where the value is in the arguments. */
  readonly pointer: string
}

/** What stands between the pairs of an exploded value. */
const pairSeparators: Readonly<Record<ParameterStyle, string>> = {
  simple: ',',
  label: '.',
  matrix: ';',
  form: '&',
  spaceDelimited: '&',
  pipeDelimited: '&',
  tabDelimited: '&',
  deepObject: '&',
  cookie: '; ',
}
const delimiters: Partial<Record<ParameterStyle, readonly [raw: string, sent: string]>> = {
  spaceDelimited: [' ', '%20'],
  pipeDelimited: ['|', '%7C'],
  tabDelimited: ['\t', '%09'],
}

/**
 * Writes a value in one of OpenAPI's styles (OpenAPI 3.2 §4.12.2.2, RFC 6570 §3.2). Null members and
 * items are left out; a value with nothing in it is undefined there and gives null. An array or
 * object within one, where the style knows none, is written as JSON text, as the tools of OpenAPI do.
 * @throws AppError invalid_argument - an item holds the delimiter of a style that cannot escape it
 */
export function expand(how: Expansion, value: JsonValue): string | null {
  if (value === null) return null
  if (how.style === 'deepObject') return deepPairs(how, value)
  if (Array.isArray(value)) return arrayText(how, value)
  if (isJsonObject(value)) return objectText(how, value)
  const text = how.encode({ text: leafText(value), isPart: false, pointer: how.pointer })
  return prefixed(how, [text], text === '')
}

/** A scalar as its text, anything else as JSON. */
export function leafText(value: JsonValue): string {
  return scalarText(value) ?? JSON.stringify(value)
}

function arrayText(how: Expansion, items: readonly JsonValue[]): string | null {
  const texts = items.flatMap((item, index) =>
    item === null ? [] : [part(how, item, pointerStep(index))],
  )
  if (texts.length === 0) return null
  if (!how.explode) return prefixed(how, [texts.join(separatorOf(how))], false)
  return prefixed(how, texts, false)
}

function objectText(how: Expansion, value: JsonObject): string | null {
  const pairs = Object.entries(value).flatMap(([key, member]) => {
    if (member === null) return []
    const pointer = pointerStep(key)
    return [[encodePart(how, key, pointer), part(how, member, pointer)] as const]
  })
  if (pairs.length === 0) return null
  if (how.explode) {
    if (!staysInside.has(how.style)) refuseReserved(value, how.pointer, how.reserved)
    return exploded(how, pairs)
  }
  return prefixed(how, [pairs.flat().join(separatorOf(how))], false)
}

/** Styles whose pairs are no parameters of their own. */
const staysInside: ReadonlySet<ParameterStyle> = new Set(['simple', 'label'])

/**
 * Refuses members that would be sent under a name that something else fills.
 * @throws AppError invalid_argument
 */
export function refuseReserved(
  value: JsonObject,
  pointer: string,
  reserved: ReadonlySet<string> = new Set(),
): void {
  if (reserved.size === 0) return
  const key = Object.keys(value).find((name) => reserved.has(comparableKey(name)))
  if (key !== undefined) throw setElsewhere(pointer + pointerStep(key))
}

const setElsewhere = (pointer: string) =>
  unusable(pointer, 'must not be given: the operator, the document or the connection sets it')

const exploded = ({ style }: Expansion, pairs: readonly (readonly [string, string])[]) => {
  const lead = style === 'label' || style === 'matrix' ? pairSeparators[style] : ''
  return lead + pairs.map(([key, text]) => `${key}=${text}`).join(pairSeparators[style])
}

/** Puts before each text what its style puts there: nothing, a dot or the name. */
function prefixed(how: Expansion, texts: readonly string[], isEmpty: boolean): string {
  const { style, name, bare } = how
  const separator = pairSeparators[style]
  if (bare !== undefined && delimiters[style] !== undefined) return texts.join(separatorOf(how))
  if (style === 'simple') return texts.join(separator)
  if (style === 'label') return `.${texts.join(separator)}`
  // RFC 6570 §3.2.7: an empty matrix parameter has no equals sign.
  if (style === 'matrix') return isEmpty ? `;${name}` : texts.map((t) => `;${name}=${t}`).join('')
  return texts.map((text) => `${name}=${text}`).join(separator)
}

const separatorOf = ({ style, bare }: Expansion) =>
  delimiters[style]?.[bare === 'raw' ? 0 : 1] ?? ','

const part = (how: Expansion, value: JsonValue, step: string) =>
  encodePart(how, leafText(value), step)

function encodePart(how: Expansion, text: string, step: string): string {
  const pointer = how.pointer + step
  const raw = delimiters[how.style]?.[0]
  if (raw !== undefined && !how.explode && text.includes(raw)) {
    const shown = JSON.stringify(raw)
    throw unusable(pointer, `must not hold ${shown}, which separates the items of the list`)
  }
  return how.encode({ text, isPart: true, pointer })
}

/** Every leaf as a pair of its own, its way in brackets: `color[R]=100`, `expand[0]=data`. */
function deepPairs(how: Expansion, value: JsonValue): string | null {
  const pairs: string[] = []
  const plain = comparableField(how.name)
  pushDeep(pairs, how, { value, name: how.name, plain, pointer: how.pointer })
  return pairs.length === 0 ? null : pairs.join(pairSeparators.deepObject)
}

interface DeepValue {
  readonly value: JsonValue
  readonly name: string
  /** Its name so far, comparable. */
  readonly plain: string
  readonly pointer: string
}

function pushDeep(pairs: string[], how: Expansion, deep: DeepValue): void {
  const { value, name, pointer } = deep
  if (value === null) return
  if (!Array.isArray(value) && !isJsonObject(value)) {
    pairs.push(`${name}=${how.encode({ text: leafText(value), isPart: false, pointer })}`)
    return
  }
  for (const [key, member] of Object.entries(value)) {
    const place = pointer + pointerStep(key)
    if (/[[\]]/.test(key)) throw unusable(place, 'must not have a bracket in its name')
    const plain = `${deep.plain}[${comparableField(key)}]`
    if (how.reserved?.has(plain) === true) throw setElsewhere(place)
    const step = how.encode({ text: key, isPart: true, pointer: place })
    const [open, close] = [how.encode(bracket('[')), how.encode(bracket(']'))]
    const whole = name + open + step + close
    pushDeep(pairs, how, { value: member, name: whole, plain, pointer: place })
  }
}

const bracket = (text: string): Leaf => ({ text, isPart: true, pointer: '' })
