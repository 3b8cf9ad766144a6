import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { concise, isVisibleValue, plainText } from './concise_text.ts'
import type { Alternative, Shape } from './shape.ts'

/** How much is said at one level. */
export interface Detail {
  /** Longest description, in characters. */
  readonly maxChars: number
  /** Longest enumeration; a longer one becomes samples in the description. */
  readonly maxValues: number
}

const MAX_ENUM_CHARS = 1500
const MAX_NOTE_CHARS = 240
const MAX_DEFAULT_CHARS = 100

/**
 * Any JSON value, spelled out: clients refuse `true` and warn of `{}`, and Gemini asks for a type
 * everywhere. An array in an array is not shown, since no finite list of types would show them all; it
 * is taken as an argument like any other value.
 */
export function anyForm(description: string): JsonObject {
  return {
    ...described(description === '' ? 'Any JSON value.' : description),
    anyOf: [...anyScalars(), openObject(''), { type: 'array', items: anyItem() }, { type: 'null' }],
  }
}

/** Any JSON value but an array, as an item. */
export function anyItem(): JsonObject {
  return { anyOf: [...anyScalars(), openObject(''), { type: 'null' }] }
}

const anyScalars = (): JsonObject[] => [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }]

/** An object whose fields are not shown. */
export function openObject(description: string): JsonObject {
  return { type: 'object', ...described(description), properties: {}, additionalProperties: true }
}

/** An alternative of a plain type, complete. */
export function plainForm(alternative: Alternative, text: string, detail: Detail): JsonObject {
  const { type, pattern, format, limits } = alternative
  const values = enumOf(alternative, detail)
  const said = values === undefined ? sayValues(alternative) : ''
  return {
    type,
    ...described(said === '' ? text : `${ended(text)} ${said}`.trimStart()),
    ...(values === undefined ? {} : { enum: values }),
    ...(format === null || values !== undefined ? {} : { format }),
    ...(pattern === null || values !== undefined ? {} : { pattern }),
    ...(values === undefined ? limits : {}),
    ...boundsOf(alternative),
  }
}

/** `{description}`, or nothing for an empty one. */
export function described(description: string): JsonObject {
  return description === '' ? {} : { description }
}

/** What is said of a value: its description within the detail, then its rules in prose. */
export function textOf(shape: Shape, alternative: Alternative | null, detail: Detail): string {
  const { remarks } = shape
  const description = concise(
    remarks.description ?? alternative?.description ?? '',
    detail.maxChars,
  )
  const text = remarks.isDeprecated ? `Deprecated. ${description}`.trimEnd() : description
  const own = alternative?.notes ?? []
  if (detail.maxChars < 40 || own.length + remarks.notes.length === 0) return text
  const notes = new Set([...own, ...remarks.notes])
  return `${ended(text)} ${concise([...notes].join(' '), MAX_NOTE_CHARS)}`.trimStart()
}

/** A text that another sentence may follow. */
export const ended = (text: string) => (/[a-zA-Z0-9)\]`"']$/.test(text) ? `${text}.` : text)

/** The default, where it is short and fits one of the alternatives. */
export function defaultOf(shape: Shape, alternatives: readonly Alternative[]): JsonObject {
  const { default: value } = shape.remarks
  if (value === undefined || value === null || typeof value === 'object') return {}
  if (!isVisibleValue(value) || String(value).length > MAX_DEFAULT_CHARS) return {}
  const fits = alternatives.some(({ type, values }) => {
    const isType = typeof value === (type === 'integer' ? 'number' : type)
    const isWhole = type !== 'integer' || Number.isInteger(value)
    return isType && isWhole && (values === null || values.includes(value))
  })
  return fits ? { default: value } : {}
}

/** The values as `enum`: strings alone, since Gemini's API takes no others, and no empty ones. */
function enumOf({ type, values }: Alternative, detail: Detail): string[] | undefined {
  if (type !== 'string' || values === null || values.length > detail.maxValues) return undefined
  const texts = values.filter((value) => typeof value === 'string')
  const isShown = texts.every((text) => text !== '' && text.isWellFormed() && isVisibleValue(text))
  if (!isShown || texts.length === 0) return undefined
  const chars = texts.reduce((sum, text) => sum + text.length, 0)
  return chars <= MAX_ENUM_CHARS ? [...new Set(texts)] : undefined
}

function sayValues({ type, values }: Alternative): string {
  if (values === null || values.length === 0 || type === 'null') return ''
  const samples = values.slice(0, 10).map((value) => concise(JSON.stringify(value), 40))
  const list = plainText(samples.join(', '))
  if (values.length === 1) return `Always ${list}.`
  return values.length <= samples.length
    ? `One of ${list}.`
    : `One of ${values.length} values such as ${list}.`
}

/** The range of enumerated numbers. */
function boundsOf({ type, values }: Alternative): JsonObject {
  if ((type !== 'integer' && type !== 'number') || values === null) return {}
  const numbers = values.filter(
    (value) => typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER,
  ) as number[]
  if (numbers.length < values.length || numbers.length === 0) return {}
  return { minimum: Math.min(...numbers), maximum: Math.max(...numbers) }
}

/** Bytes of a value's JSON. */
export function bytesOf(value: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(value))
}
