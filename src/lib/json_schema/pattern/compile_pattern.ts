import { RE2JS } from 're2js'
import { parsePattern } from './parse_pattern.ts'
import { backtrackingCost, type Polynomial, valueAt } from './pattern_cost.ts'
import { PatternError } from './pattern_error.ts'
import type { PatternNode } from './pattern_node.ts'
import { writePattern } from './write_pattern.ts'

/** Most steps the backtracking engine may take on one text, one to three nanoseconds each. */
const MAX_NATIVE_STEPS = 1_000_000
/** Most steps RE2 may take on one text: places in its program times characters, 100 ns at worst. */
const MAX_RE2_STEPS = 400_000
/** Steps that take as long as one unit of a validation's budget (`Run.spend`) at worst. */
const NATIVE_STEPS_PER_UNIT = 25
const RE2_STEPS_PER_UNIT = 0.5
/** Texts up to this length the native engine must be able to serve, or RE2 takes the long ones. */
const COMMON_LENGTH = 1024
/** A pattern RE2 cannot take is refused where the native engine must stop short of this length. */
const LEAST_LENGTH = 128
const NATIVE_WEIGHT = 40
const RE2_WEIGHT = 100
const MAX_SOURCE_LENGTH = 2048
const MAX_NATIVE_SIZE = 5000
/** Also keeps every repeat within RE2's own bound of 1,000. */
const MAX_RE2_SIZE = 1000

/** A regular expression that answers in bounded time (reliability.md case 152). */
export interface Pattern {
  readonly source: string
  /** What compiling it cost, in units of about a microsecond. */
  readonly weight: number
  /** Longest text, in UTF-16 units, that may be tested. */
  readonly maxLength: number
  /** Units of a validation's budget that testing a text of this length costs at worst. */
  readonly price: (length: number) => number
  /** Tells whether the pattern is found anywhere in the text. */
  readonly test: (text: string) => boolean
}

/**
 * Compiles an ECMA-262 regular expression (as with the `u` flag, found anywhere) for the cheapest
 * engine that cannot hang: the runtime's own as far as its worst case is known and small, RE2
 * beyond. With a look-around or a back reference, which RE2 lacks, texts are bounded to 1,024
 * characters, or fewer where the pattern is costly.
 * @throws PatternError where neither engine can promise an answer, or the syntax is wrong.
 */
export function compilePattern(source: string): Pattern {
  if (source.length > MAX_SOURCE_LENGTH) {
    throw new PatternError(`It is longer than ${MAX_SOURCE_LENGTH} characters.`)
  }
  const node = parsePattern(source)
  const cost = node.size > MAX_NATIVE_SIZE ? undefined : backtrackingCost(node)
  const nativeLength = cost === undefined ? -1 : longest(cost, MAX_NATIVE_STEPS)
  const isRegular = node.copies < Infinity
  if (cost === undefined || nativeLength < (isRegular ? COMMON_LENGTH : LEAST_LENGTH)) {
    if (isRegular) return mixed(source, node, { cost: cost ?? [], nativeLength })
    throw new PatternError(TOO_SLOW)
  }
  const expression = nativeExpression(node)
  return {
    source,
    weight: NATIVE_WEIGHT + source.length,
    maxLength: isRegular ? nativeLength : Math.min(nativeLength, COMMON_LENGTH),
    price: (length) => valueAt(cost, length) / NATIVE_STEPS_PER_UNIT,
    test: (text) => expression.test(text),
  }
}

const TOO_SLOW =
  'It can take too long on some texts: a pattern with a look-around or a back reference is taken ' +
  'only where each of its repeats can match in one way.'

function nativeExpression(node: PatternNode): RegExp {
  try {
    return new RegExp(writePattern(node, 'native'), 'u')
  } catch {
    throw new PatternError('It is more than the regular expression engine takes.')
  }
}

interface NativeBound {
  readonly cost: Polynomial
  readonly nativeLength: number
}

function mixed(source: string, node: PatternNode, { cost, nativeLength }: NativeBound): Pattern {
  if (node.copies > MAX_RE2_SIZE) throw new PatternError('It repeats too much.')
  const short = nativeLength < 0 ? undefined : nativeExpression(node)
  // RE2 costs as much to make as a thousand short texts to test, and most texts are short.
  let long = short === undefined || hasProperty(node) ? re2Expression(node) : undefined
  return {
    source,
    weight: NATIVE_WEIGHT + source.length + (long === undefined ? 0 : RE2_WEIGHT + 3 * node.copies),
    maxLength: Math.max(nativeLength, Math.floor(MAX_RE2_STEPS / node.copies)),
    price: (length) =>
      length <= nativeLength
        ? valueAt(cost, length) / NATIVE_STEPS_PER_UNIT
        : (length * node.copies) / RE2_STEPS_PER_UNIT,
    test: (text) => {
      if (short !== undefined && text.length <= nativeLength) return short.test(text)
      long ??= re2Expression(node)
      return long.test(text)
    },
  }
}

function re2Expression(node: PatternNode): RE2JS {
  try {
    return RE2JS.compile(writePattern(node, 're2'))
  } catch {
    throw new PatternError(`${TOO_SLOW} So is one with a Unicode property RE2 does not know.`)
  }
}

/** Unicode properties are the one thing written for RE2 that it may not know. */
function hasProperty(node: PatternNode): boolean {
  if (node.kind === 'set') return node.properties.length > 0
  if (node.kind === 'sequence') return node.parts.some(hasProperty)
  if (node.kind === 'choice') return node.options.some(hasProperty)
  return 'body' in node && hasProperty(node.body)
}

/** The longest text a cost stays within the limit for, -1 where none does. */
function longest(cost: Polynomial, limit: number): number {
  if (valueAt(cost, 0) > limit) return -1
  let low = 0
  let high = 2 ** 30
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (valueAt(cost, middle) <= limit) low = middle
    else high = middle - 1
  }
  return low
}
