import { isExactNumber, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { boundedLiteralEnd } from './cut_text.ts'
import { JsonSizes, stringBytes } from './json_size.ts'

/** A place where something was left out. */
export interface Cut {
  readonly path: readonly (string | number)[]
  readonly kind: 'list' | 'object' | 'string'
  /** Items, members or characters that are shown. */
  readonly shown: number
  readonly total: number
  /** Of an object: the first names that are left out. */
  readonly names: readonly string[]
}

/** What fits of a value. */
export interface CutJson {
  readonly value: JsonValue
  /** In the order of the document. */
  readonly cuts: readonly Cut[]
}

/** Room for the beginning of a string, or of a list; below that an object loses whole members. */
const SMALL_BYTES = 48
const MAX_NAMES = 20

/**
 * Gives the most of a JSON value that fits into so many bytes (64 at least), structure kept: lists
 * lose their last items, long strings their end, and objects members only where there are too many.
 * What is small stays whole beside what is large, wherever it stands.
 */
export function cutJson(value: JsonValue, maxBytes: number, sizes = new JsonSizes()): CutJson {
  const cutter = new Cutter(sizes)
  return { value: cutter.fit(value, maxBytes, []), cuts: cutter.cuts }
}

type Path = readonly (string | number)[]

class Cutter {
  readonly cuts: Cut[] = []
  private readonly sizes: JsonSizes

  constructor(sizes: JsonSizes) {
    this.sizes = sizes
  }

  fit(value: JsonValue, maxBytes: number, path: Path): JsonValue {
    if (this.sizes.of(value) <= maxBytes) return value
    if (typeof value === 'string') return this.fitString(value, maxBytes, path)
    if (Array.isArray(value)) return this.fitList(value, maxBytes, path)
    if (typeof value === 'object' && value !== null && !isExactNumber(value)) {
      return this.fitObject(value, maxBytes, path)
    }
    return value
  }

  /** The least a value can be cut down to. */
  private leastOf(value: JsonValue): number {
    const bytes = this.sizes.of(value)
    const canBeCut = typeof value === 'object' || typeof value === 'string'
    return canBeCut && !isExactNumber(value) ? Math.min(bytes, SMALL_BYTES) : bytes
  }

  private fitString(text: string, maxBytes: number, path: Path): string {
    const end = boundedLiteralEnd(text, 0, maxBytes - ELLIPSIS_BYTES)
    this.cuts.push({ path, kind: 'string', shown: end, total: text.length, names: [] })
    return `${text.slice(0, end)}…`
  }

  private fitList(items: readonly JsonValue[], maxBytes: number, path: Path): JsonValue[] {
    const shown: JsonValue[] = []
    const at = this.cuts.length
    let left = maxBytes - 2
    for (const [index, item] of items.entries()) {
      const bytes = this.sizes.of(item) + (index === 0 ? 0 : 1)
      const isFirstTooLong = bytes > left && index === 0 && this.leastOf(item) <= left
      if (bytes > left && !isFirstTooLong) break
      shown.push(isFirstTooLong ? this.fit(item, left, [...path, 0]) : item)
      if (isFirstTooLong) break
      left -= bytes
    }
    const counts = { shown: shown.length, total: items.length }
    if (counts.shown < counts.total) {
      this.cuts.splice(at, 0, { path, kind: 'list', ...counts, names: [] })
    }
    return shown
  }

  private fitObject(object: JsonObject, maxBytes: number, path: Path): JsonObject {
    const entries = Object.entries(object)
    const count = this.fittingMembers(entries, maxBytes)
    if (count < entries.length) {
      const names = entries.slice(count, count + MAX_NAMES).map(([key]) => key)
      const counts = { shown: count, total: entries.length }
      this.cuts.push({ path, kind: 'object', ...counts, names })
    }
    return this.share(entries.slice(0, count), maxBytes, path)
  }

  /** How many members can be shown with at least a part of their value. */
  private fittingMembers(entries: readonly [string, JsonValue][], maxBytes: number): number {
    let left = maxBytes - 1
    for (const [index, [key, value]] of entries.entries()) {
      left -= stringBytes(key) + 2 + this.leastOf(value)
      if (left < 0) return index
    }
    return entries.length
  }

  /** Gives every member its part of the room; what the small ones do not need goes to the large. */
  private share(entries: readonly [string, JsonValue][], maxBytes: number, path: Path): JsonObject {
    let left = maxBytes - 1
    for (const [key] of entries) left -= stringBytes(key) + 2
    const bySize = entries
      .map(([key, value]) => ({ key, value, least: this.leastOf(value) }))
      .sort((a, b) => this.sizes.of(a.value) - this.sizes.of(b.value))
    let spare = left - bySize.reduce((sum, { least }) => sum + least, 0)
    const roomOf = new Map<string, number>()
    for (const [index, { key, value, least }] of bySize.entries()) {
      const room = least + Math.floor(spare / (bySize.length - index))
      const used = Math.min(this.sizes.of(value), room)
      spare -= used - least
      roomOf.set(key, used)
    }
    return Object.fromEntries(
      entries.map(([key, value]) => [key, this.fit(value, roomOf.get(key) ?? 0, [...path, key])]),
    )
  }
}

/** Bytes of the character that ends a cut string. */
const ELLIPSIS_BYTES = 3
