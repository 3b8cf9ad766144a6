import { type ExactNumber, isExactNumber, type JsonValue } from '../json.ts'
import { isInteger } from './exact_decimal.ts'

const MAX_QUOTE_CHARS = 60
const MAX_LIST_CHARS = 240

/** A JSON value in at most 60 characters. */
export function quote(value: JsonValue): string {
  if (isExactNumber(value)) return cut((value as ExactNumber).rawJSON, MAX_QUOTE_CHARS)
  const part = typeof value === 'string' ? value.slice(0, MAX_QUOTE_CHARS) : value
  return cut(JSON.stringify(part), MAX_QUOTE_CHARS)
}

/** Makes a text when it is first asked for, and keeps it. */
export function once(make: () => string): () => string {
  let text: string | undefined
  return () => {
    text ??= make()
    return text
  }
}

/** A text in at most so many characters, its end cut off. */
export function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`.toWellFormed()
}

/** `"a", "b", 3 and 7 more`: as many of the values as fit into about 240 characters. */
export function list(values: readonly JsonValue[]): string {
  let text = ''
  for (const [index, value] of values.entries()) {
    if (text.length > MAX_LIST_CHARS) return `${text} and ${values.length - index} more`
    text += (index === 0 ? '' : ', ') + quote(value)
  }
  return text
}

/** `1 item`, `2 items`. */
export function count(amount: number, noun: string): string {
  if (amount === 1) return `1 ${noun}`
  return `${amount} ${noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`
}

/** The type of a value in the words of JSON Schema. */
export function typeName(value: JsonValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number' || isExactNumber(value)) {
    return isInteger(value) ? 'integer' : 'number'
  }
  return typeof value
}
