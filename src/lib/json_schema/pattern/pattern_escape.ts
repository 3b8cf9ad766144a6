import { type CharSet, complement, DIGITS, SPACES, WORD_CHARS } from './char_set.ts'
import { PatternError } from './pattern_error.ts'
import type { UnicodeProperty } from './pattern_node.ts'

/** What a backslash and what follows it stand for, where that is one character of a set. */
export interface Escape {
  readonly ranges: CharSet
  readonly properties: readonly UnicodeProperty[]
  /** The code point where it is a single one, so that it can begin or end a range. */
  readonly codePoint: number | undefined
  /** Offset behind the escape. */
  readonly end: number
}

const CLASSES: Record<string, CharSet> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD_CHARS,
  W: complement(WORD_CHARS),
  s: SPACES,
  S: complement(SPACES),
}

const CONTROLS: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13 }

const HEX = /x([0-9a-fA-F]{2})|u\{0*([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})/y
const LOW_SURROGATE = /\\u([dD][c-fC-F][0-9a-fA-F]{2})/y
const PROPERTY = /[pP]\{([A-Za-z0-9_]{1,40}(?:=[A-Za-z0-9_]{1,40})?)\}/y

/**
 * Reads the escape whose letter (behind the backslash) is at `at`: ECMA-262 §22.2.1 as with the `u`
 * flag; an escaped ASCII punctuation mark, an error there, is taken for the mark itself.
 * @throws PatternError
 */
export function readEscape(source: string, at: number): Escape {
  const letter = source[at] ?? ''
  const ranges = CLASSES[letter]
  if (ranges !== undefined) return { ranges, properties: [], codePoint: undefined, end: at + 1 }
  if (letter === 'p' || letter === 'P') return property(source, at)
  if (letter === 'x' || letter === 'u') return hexadecimal(source, at)
  const control = CONTROLS[letter]
  if (control !== undefined) return single(control, at + 1)
  if (letter === 'c' && /[A-Za-z]/.test(source[at + 1] ?? '')) {
    return single(source.charCodeAt(at + 1) % 32, at + 2)
  }
  if (letter === '0' && !/[0-9]/.test(source[at + 1] ?? '')) return single(0, at + 1)
  if (/^[!-/:-@[-`{-~ ]$/.test(letter)) return single(letter.charCodeAt(0), at + 1)
  throw new PatternError(`\\${letter} is not an escape of ECMA-262 regular expressions.`)
}

const single = (codePoint: number, end: number): Escape => ({
  ranges: [codePoint, codePoint],
  properties: [],
  codePoint,
  end,
})

function hexadecimal(source: string, at: number): Escape {
  HEX.lastIndex = at
  const match = HEX.exec(source)
  const value = Number.parseInt(match?.[1] ?? match?.[2] ?? match?.[3] ?? '', 16)
  if (!(value <= 0x10ffff)) throw new PatternError(`\\${source[at]} needs hexadecimal digits.`)
  if (match?.[3] === undefined || value < 0xd800 || value > 0xdbff) {
    return single(value, HEX.lastIndex)
  }
  LOW_SURROGATE.lastIndex = HEX.lastIndex
  const low = LOW_SURROGATE.exec(source)?.[1]
  if (low === undefined) return single(value, HEX.lastIndex)
  const pair = 0x10000 + (value - 0xd800) * 0x400 + (Number.parseInt(low, 16) - 0xdc00)
  return single(pair, LOW_SURROGATE.lastIndex)
}

function property(source: string, at: number): Escape {
  PROPERTY.lastIndex = at
  const name = PROPERTY.exec(source)?.[1]
  if (name === undefined || !isKnownProperty(name)) {
    throw new PatternError(`\\${source[at]} needs the name of a Unicode property in braces.`)
  }
  const properties = [{ name, negated: source[at] === 'P' }]
  return { ranges: [], properties, codePoint: undefined, end: PROPERTY.lastIndex }
}

function isKnownProperty(name: string): boolean {
  try {
    return new RegExp(`\\p{${name}}`, 'u') instanceof RegExp
  } catch {
    return false
  }
}
