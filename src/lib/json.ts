import { AppError } from '../errors.ts'

/** A number whose digits a double cannot hold; JSON.stringify writes it back digit for digit. */
export interface ExactNumber {
  readonly rawJSON: string
}

/** A parsed JSON value. Integers beyond ±2^53 and decimals a double would change are ExactNumbers. */
export type JsonValue = null | boolean | number | string | ExactNumber | JsonValue[] | JsonObject
/**
 * A parsed JSON object; never has `__proto__` as own key, and `constructor` or `prototype` only where
 * it was read with `takesFieldNames`.
 */
export interface JsonObject {
  [key: string]: JsonValue
}

const rawJson = JSON as unknown as {
  rawJSON(text: string): ExactNumber
  isRawJSON(value: unknown): boolean
}

/** Tells an ExactNumber from every other value. */
export function isExactNumber(value: unknown): value is ExactNumber {
  return rawJson.isRawJSON(value)
}

/** Tells a JSON object (not null, array or ExactNumber). */
export function isJsonObject(value: unknown): value is JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !rawJson.isRawJSON(value)
  )
}

/** Bounds for `parseJson`. */
export interface JsonLimits {
  /** Deepest nesting of arrays and objects allowed; 64 unless told (reliability.md case 8). */
  readonly maxDepth?: number
  /**
   * Takes `constructor` and `prototype` as keys, since names of an API's fields are keys of what an
   * import keeps; for text that Gatehouse wrote itself.
   */
  readonly takesFieldNames?: boolean
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Decodes UTF-8 strictly: an invalid byte is an error, never U+FFFD (reliability.md case 9).
 * @throws AppError malformed_json
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new AppError('malformed_json', { reason: 'The body is not valid UTF-8.', cause })
  }
}

/**
 * Parses JSON from an untrusted sender: RFC 8259 and nothing more, with bounded depth, no repeated
 * keys, no prototype keys, no NUL and no lone surrogate in any string, and no number rounded
 * (reliability.md cases 8, 10–14).
 * @throws AppError malformed_json, duplicate_key, forbidden_key, nul_character or bad_unicode
 */
export function parseJson(text: string, limits: JsonLimits = {}): JsonValue {
  const parser = new Parser(text, limits)
  return parser.document()
}

const QUOTE = 0x22
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

class Parser {
  private at = 0
  private depth = 0
  private readonly text: string
  private readonly maxDepth: number
  private readonly takesFieldNames: boolean

  constructor(text: string, { maxDepth = 64, takesFieldNames = false }: JsonLimits) {
    this.text = text
    this.maxDepth = maxDepth
    this.takesFieldNames = takesFieldNames
  }

  document(): JsonValue {
    const value = this.value()
    this.space()
    if (this.at < this.text.length) throw this.malformed()
    return value
  }

  private malformed(what?: string): AppError {
    const reason = what ?? `Unexpected ${this.at < this.text.length ? 'character' : 'end'}`
    return new AppError('malformed_json', { reason: `${reason} at offset ${this.at}.` })
  }

  private space(): void {
    const { text } = this
    for (;;) {
      const c = text.charCodeAt(this.at)
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return
      this.at++
    }
  }

  private value(): JsonValue {
    this.space()
    switch (this.text.charCodeAt(this.at)) {
      case 0x7b:
        return this.object()
      case 0x5b:
        return this.array()
      case QUOTE:
        return this.string()
      case 0x74:
        return this.word('true', true)
      case 0x66:
        return this.word('false', false)
      case 0x6e:
        return this.word('null', null)
      default:
        return this.number()
    }
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw this.malformed()
    this.at += word.length
    return value
  }

  private number(): number | ExactNumber {
    NUMBER.lastIndex = this.at
    const raw = NUMBER.exec(this.text)?.[0]
    if (raw === undefined) throw this.malformed()
    this.at += raw.length
    const value = Number(raw)
    // Up to 15 digits without an exponent always survive a double.
    return raw.length <= 15 && !/[eE]/.test(raw) ? value : exactOr(value, raw)
  }

  private string(): string {
    const { text } = this
    const start = this.at
    let escaped = false
    let suspicious = false
    for (let i = start + 1; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c === QUOTE) {
        this.at = i + 1
        return escaped || suspicious ? this.unescape(start, i + 1) : text.slice(start + 1, i)
      }
      if (c === 0x5c) {
        escaped = true
        i++
      } else if (c < 0x20) {
        this.at = i
        throw this.malformed('Control character in a string')
      } else if (c >= 0xd800 && c <= 0xdfff) suspicious = true
    }
    this.at = text.length
    throw this.malformed('Unterminated string')
  }

  private unescape(start: number, end: number): string {
    let value: string
    try {
      value = JSON.parse(this.text.slice(start, end))
    } catch {
      this.at = start
      throw this.malformed('Bad escape in the string')
    }
    if (value.includes('\0')) throw new AppError('nul_character')
    if (!value.isWellFormed()) throw new AppError('bad_unicode')
    return value
  }

  private enter(): void {
    this.at++
    if (++this.depth > this.maxDepth) {
      throw new AppError('malformed_json', {
        reason: `Nested deeper than ${this.maxDepth} levels.`,
      })
    }
  }

  private array(): JsonValue[] {
    this.enter()
    const items: JsonValue[] = []
    this.space()
    if (this.text.charCodeAt(this.at) === 0x5d) {
      this.at++
    } else {
      do items.push(this.value())
      while (this.comma(0x5d))
    }
    this.depth--
    return items
  }

  private object(): JsonObject {
    this.enter()
    const object: JsonObject = {}
    this.space()
    if (this.text.charCodeAt(this.at) === 0x7d) {
      this.at++
    } else {
      do this.member(object)
      while (this.comma(0x7d))
    }
    this.depth--
    return object
  }

  private member(object: JsonObject): void {
    this.space()
    if (this.text.charCodeAt(this.at) !== QUOTE) throw this.malformed()
    const key = this.string()
    if (key === '__proto__' || (isPrototypeKey(key) && !this.takesFieldNames)) {
      throw new AppError('forbidden_key', { reason: `The key "${key}" is not accepted.` })
    }
    if (Object.hasOwn(object, key)) {
      throw new AppError('duplicate_key', { reason: `"${key.slice(0, 64)}" occurs twice.` })
    }
    this.space()
    if (this.text.charCodeAt(this.at) !== 0x3a) throw this.malformed()
    this.at++
    object[key] = this.value()
  }

  private comma(close: number): boolean {
    this.space()
    const c = this.text.charCodeAt(this.at)
    if (c !== close && c !== 0x2c) throw this.malformed()
    this.at++
    return c === 0x2c
  }
}

const isPrototypeKey = (key: string) => key === 'constructor' || key === 'prototype'

const digitsOf = (raw: string) => {
  const mantissa = raw.replace(/[eE].*$/, '')
  return mantissa
    .replace(/[^0-9]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '')
}

/** Keeps the double where its shortest form has the very digits that were sent. */
function exactOr(value: number, raw: string): number | ExactNumber {
  return Number.isFinite(value) && digitsOf(String(value)) === digitsOf(raw)
    ? value
    : rawJson.rawJSON(raw)
}
