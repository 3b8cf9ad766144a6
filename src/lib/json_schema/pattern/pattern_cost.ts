import { type CharSet, NO_CHARS, overlaps, union } from './char_set.ts'
import type { PatternNode, RepeatNode } from './pattern_node.ts'

/** A polynomial in the length of the text, constant term first. */
export type Polynomial = readonly number[]

interface Cost {
  /** Most steps a backtracking engine takes in this part, from one place in the text. */
  readonly work: Polynomial
  /** Most different ends the part can be left at, each of which the rest is tried from. */
  readonly ways: Polynomial
}

const MAX_DEGREE = 4
const ONE: Polynomial = [1]

/** The value of a polynomial at n. */
export function valueAt(polynomial: Polynomial, n: number): number {
  let value = 0
  for (let i = polynomial.length - 1; i >= 0; i--) value = value * n + (polynomial[i] ?? 0)
  return value
}

/**
 * An upper bound on the steps a backtracking engine takes to find that a pattern does not match a
 * text of n characters, or undefined where none is known, which it must then be taken to be
 * exponential. A part whose every choice is settled by the next character costs its size once per
 * character; any other may be left at every place, and the rest is tried from each.
 */
export function backtrackingCost(pattern: PatternNode): Polynomial | undefined {
  const work = costOf(pattern, { first: NO_CHARS, places: 1 })?.work
  const starts = isAnchored(pattern) ? ONE : [1, 1]
  return work && times(isInterpreted(pattern) ? [INTERPRETED] : ONE, times(starts, work))
}

/** How many times slower the runtime is with a pattern it does not turn into machine code. */
const INTERPRETED = 16

/** Whether the pattern repeats a group in a way the runtime only interprets, as measured. */
function isInterpreted(node: PatternNode, isInLook = false): boolean {
  const inside = (part: PatternNode) => isInterpreted(part, isInLook || node.kind === 'look')
  if (node.kind === 'sequence') return node.parts.some(inside)
  if (node.kind === 'choice') return node.options.some(inside)
  if (!('body' in node)) return false
  if (node.kind === 'repeat' && node.body.kind !== 'set' && node.max > 1) {
    const { min, max, body } = node
    if (isInLook || (max === Infinity ? min > 1 : body.nullable)) return true
  }
  return inside(node.body)
}

function isAnchored(node: PatternNode): boolean {
  if (node.kind === 'edge') return node.edge === 'start'
  if (node.kind === 'capture') return isAnchored(node.body)
  if (node.kind === 'choice') return node.options.every(isAnchored)
  return node.kind === 'sequence' && node.parts[0] !== undefined && isAnchored(node.parts[0])
}

/** What comes after a part: the characters it may begin with, the places tried before one of them. */
interface Rest {
  readonly first: CharSet
  readonly places: number
}

/** Whether the next character always settles what comes next. */
function isSettled(node: PatternNode, rest: CharSet): boolean {
  switch (node.kind) {
    case 'set':
    case 'edge':
      return true
    case 'look':
      return node.first === NO_CHARS
    case 'back_reference':
      return false
    case 'capture':
      return isSettled(node.body, rest)
    case 'sequence':
      return withRests(node.parts, { first: rest, places: 0 }).every(([part, { first }]) =>
        isSettled(part, first),
      )
    case 'choice':
      return isSettledChoice(node.options, rest)
    case 'repeat':
      return isSettledRepeat(node, rest)
  }
}

function isSettledChoice(options: readonly PatternNode[], rest: CharSet): boolean {
  let taken = NO_CHARS
  let nullable = false
  for (const option of options) {
    const entry = option.nullable ? union(option.first, rest) : option.first
    if (overlaps(taken, entry) || (nullable && option.nullable)) return false
    taken = union(taken, entry)
    nullable ||= option.nullable
  }
  return options.every((option) => isSettled(option, rest))
}

function isSettledRepeat({ body, min, max }: RepeatNode, rest: CharSet): boolean {
  if (body.nullable || (min !== max && overlaps(body.first, rest))) return false
  return isSettled(body, max > 1 ? union(body.first, rest) : rest)
}

/** Each part with what comes right after it. */
function withRests(parts: readonly PatternNode[], rest: Rest): [PatternNode, Rest][] {
  const pairs: [PatternNode, Rest][] = []
  let { first, places } = rest
  for (const part of parts.toReversed()) {
    pairs.unshift([part, { first, places }])
    first = part.nullable ? union(part.first, first) : part.first
    places = part.nullable ? part.size + places : part.size
  }
  return pairs
}

function costOf(node: PatternNode, rest: Rest): Cost | undefined {
  if (isSettled(node, rest.first)) return { work: straight(node, rest), ways: ONE }
  switch (node.kind) {
    case 'capture':
      return costOf(node.body, rest)
    case 'sequence':
      return inOrder(withRests(node.parts, rest).map(([part, after]) => costOf(part, after)))
    case 'choice':
      return either(node.options.map((option) => costOf(option, rest)))
    case 'repeat':
      return repeated(node, rest)
    case 'look':
      return looked(node.behind ? everyWay(node.body) : costOf(node.body, rest))
    default:
      return { work: [1, 1], ways: ONE }
  }
}

/** Each place of the part, and of the rest that is tried in vain, once per character. */
function straight(node: PatternNode, rest: Rest): Polynomial {
  const step = node.size + rest.places
  return node.maxLength < 1024 ? [step * (node.maxLength + 1)] : [step, step]
}

function repeated(node: RepeatNode, rest: Rest): Cost | undefined {
  const { body, min, max } = node
  if (max <= 1) {
    const once = costOf(body, rest)
    return once && { work: plus(once.work, ONE), ways: plus(once.ways, ONE) }
  }
  if (!body.nullable && isSettled(body, body.first)) {
    const ends = node.maxLength < 1024 ? [node.maxLength + 1] : [1, 1]
    return { work: straight(node, rest), ways: ends }
  }
  if (min !== max || max > 16) return undefined
  const again = { first: union(body.first, rest.first), places: body.size + rest.places }
  return inOrder(Array.from({ length: max }, () => costOf(body, again)))
}

const looked = (inside: Cost | undefined): Cost | undefined =>
  inside && { work: plus(inside.work, ONE), ways: ONE }

/** The cost of a look-behind, which is read backwards: there no choice counts as settled. */
function everyWay(node: PatternNode): Cost | undefined {
  switch (node.kind) {
    case 'set':
    case 'edge':
      return { work: ONE, ways: ONE }
    case 'capture':
      return everyWay(node.body)
    case 'sequence':
      return inOrder(node.parts.map(everyWay))
    case 'choice':
      return either(node.options.map(everyWay))
    default:
      return undefined
  }
}

/** One after the other, the later ones from every end of those before. */
function inOrder(costs: readonly (Cost | undefined)[]): Cost | undefined {
  let work: Polynomial | undefined = [1]
  let ways: Polynomial | undefined = ONE
  for (const cost of costs) {
    const more = cost && ways && times(ways, cost.work)
    ways = cost && ways && times(ways, cost.ways)
    work = work && more && plus(work, more)
  }
  return work && ways && { work, ways }
}

function either(costs: readonly (Cost | undefined)[]): Cost | undefined {
  let work: Polynomial = [costs.length]
  let ways: Polynomial = [0]
  for (const cost of costs) {
    if (cost === undefined) return undefined
    work = plus(work, cost.work)
    ways = plus(ways, cost.ways)
  }
  return { work, ways }
}

function plus(a: Polynomial, b: Polynomial): Polynomial {
  return a.length < b.length ? plus(b, a) : a.map((term, i) => term + (b[i] ?? 0))
}

function times(a: Polynomial, b: Polynomial | undefined): Polynomial | undefined {
  if (b === undefined || a.length + b.length - 2 > MAX_DEGREE) return undefined
  const product = new Array<number>(a.length + b.length - 1).fill(0)
  a.forEach((x, i) => {
    b.forEach((y, j) => {
      product[i + j] = (product[i + j] ?? 0) + x * y
    })
  })
  return product
}
