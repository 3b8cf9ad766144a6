import { isExactNumber, type JsonValue } from '../../lib/json.ts'

/**
 * Bytes of values as JSON text in UTF-8. Each list and object is measured once, so a value that
 * occurs many times in another costs no more than its occurrences.
 */
export class JsonSizes {
  private readonly known = new Map<object, number>()

  /** Bytes of a value as `JSON.stringify` writes it. */
  of(value: JsonValue): number {
    if (typeof value === 'string') return stringBytes(value)
    if (typeof value !== 'object' || value === null) return String(value).length
    if (isExactNumber(value)) return value.rawJSON.length
    const known = this.known.get(value)
    if (known !== undefined) return known
    const bytes = Array.isArray(value) ? this.ofList(value) : this.ofMembers(value)
    this.known.set(value, bytes)
    return bytes
  }

  private ofList(items: readonly JsonValue[]): number {
    let bytes = 2 + Math.max(0, items.length - 1)
    for (const item of items) bytes += this.of(item)
    return bytes
  }

  private ofMembers(object: { readonly [key: string]: JsonValue }): number {
    const entries = Object.entries(object)
    let bytes = 2 + Math.max(0, entries.length - 1)
    for (const [key, value] of entries) bytes += stringBytes(key) + 1 + this.of(value)
    return bytes
  }
}

/** Bytes of a string as JSON text in UTF-8. */
export function stringBytes(text: string): number {
  return plain.test(text) ? text.length + 2 : Buffer.byteLength(JSON.stringify(text))
}

/** Characters that stand for themselves in one byte each. */
const plain = /^[ !#-[\]-~]*$/
