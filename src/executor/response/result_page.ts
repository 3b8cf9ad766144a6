import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { boundedLiteralEnd, isSecondHalf, wholeEnd } from './cut_text.ts'
import { JsonSizes, stringBytes } from './json_size.ts'

/** A part of a kept answer. The names are what the model reads. */
export interface ResultPage {
  readonly kind: 'list' | 'object' | 'text' | 'value'
  /** Items, members or characters there are; 1 for a value. */
  readonly total: number
  readonly offset: number
  readonly count: number
  /** Where to read on; null at the end. */
  readonly next_offset: number | null
  /** The item or member at `offset` that is larger than a page: it has to be read by a path of its own. */
  readonly too_large?: { readonly key: string | number; readonly bytes: number }
  readonly value: JsonValue
}

/** Which part of a value. */
export interface PageRange {
  readonly offset: number
  readonly limit: number | null
}

/** Bytes of a page beside its value. */
const FRAME_BYTES = 256
const MAX_KEY_CHARS = 100

/** Gives what fits of a value from an offset on, in at most so many bytes of JSON (1,024 at least). */
export function pageOf(value: JsonValue, range: PageRange, maxBytes: number): ResultPage {
  const room = maxBytes - FRAME_BYTES
  if (typeof value === 'string') return pageOfText(value, range, room)
  if (Array.isArray(value)) {
    const taken = take(value.entries(), range, room)
    return page('list', { ...range, total: value.length, taken, value: taken.values })
  }
  if (isJsonObject(value)) {
    const entries = Object.entries(value)
    const taken = take(entries, range, room)
    const shown = entries.slice(range.offset, range.offset + taken.values.length)
    return page('object', { ...range, total: entries.length, taken, value: fromEntries(shown) })
  }
  return { kind: 'value', total: 1, offset: 0, count: 1, next_offset: null, value }
}

const fromEntries = (entries: readonly [string, JsonValue][]): JsonObject =>
  Object.fromEntries(entries)

function pageOfText(text: string, { offset, limit }: PageRange, room: number): ResultPage {
  const start =
    offset > 0 && offset < text.length && isSecondHalf(text, offset) ? offset - 1 : offset
  const most = Math.min(text.length, start + (limit ?? text.length))
  const fitting = boundedLiteralEnd(text.slice(0, most), Math.min(start, most), room)
  // A limit of one character must not stop before a pair of surrogates for good.
  const end = Math.max(wholeEnd(text, start, fitting), Math.min(text.length, start + 1))
  const whole = isSecondHalf(text, end) ? end + 1 : end
  const value = text.slice(start, whole)
  const next_offset = whole < text.length ? whole : null
  const { length: total } = text
  return { kind: 'text', total, offset: start, count: value.length, next_offset, value }
}

interface Taken {
  readonly values: JsonValue[]
  /** The first that did not fit, where none before it did. */
  readonly tooLarge: { readonly key: string | number; readonly bytes: number } | null
}

function take(
  entries: Iterable<[string | number, JsonValue]>,
  { offset, limit }: PageRange,
  room: number,
): Taken {
  const sizes = new JsonSizes()
  const values: JsonValue[] = []
  let left = room - 2
  let index = 0
  for (const [key, value] of entries) {
    if (index++ < offset) continue
    if (values.length === limit) break
    const bytes = sizes.of(value)
    left -= bytes + 1 + (typeof key === 'string' ? stringBytes(key) + 1 : 0)
    if (left < 0) {
      return { values, tooLarge: values.length === 0 ? { key: shortened(key), bytes } : null }
    }
    values.push(value)
  }
  return { values, tooLarge: null }
}

const shortened = (key: string | number) =>
  typeof key === 'string' && key.length > MAX_KEY_CHARS ? `${key.slice(0, MAX_KEY_CHARS)}…` : key

interface PageParts {
  readonly offset: number
  readonly total: number
  readonly taken: Taken
  readonly value: JsonValue
}

function page(kind: 'list' | 'object', { offset, total, taken, value }: PageParts): ResultPage {
  const count = taken.values.length
  const next = offset + count + (taken.tooLarge === null ? 0 : 1)
  const next_offset = next < total ? next : null
  const tooLarge = taken.tooLarge === null ? {} : { too_large: taken.tooLarge }
  return { kind, total, offset, count, next_offset, ...tooLarge, value }
}
