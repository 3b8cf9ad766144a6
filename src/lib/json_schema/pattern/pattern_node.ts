import { ALL_CHARS, type CharSet, complement, NO_CHARS, union } from './char_set.ts'

/** What a place in a pattern can do, known without a text; `pattern_cost.ts` reasons with it. */
interface Facts {
  /** Code points a match may begin with. */
  readonly first: CharSet
  /** Whether it can match the empty text. */
  readonly nullable: boolean
  /** Most characters one match can take, Infinity where unbounded. */
  readonly maxLength: number
  /** Places in the native program. */
  readonly size: number
  /** Places in an RE2 program, which unrolls counted repeats; Infinity where RE2 cannot say it. */
  readonly copies: number
}

/** `\p{…}` or `\P{…}`. */
export interface UnicodeProperty {
  readonly name: string
  readonly negated: boolean
}

/** One character of a set: the union of ranges and properties, or the rest of them. */
export interface SetNode extends Facts {
  readonly kind: 'set'
  readonly ranges: CharSet
  readonly properties: readonly UnicodeProperty[]
  readonly negated: boolean
}

/** A zero-width place: `^`, `$`, `\b`, `\B`. */
export type Edge = 'start' | 'end' | 'word' | 'not_word'

/** `(?=…)`, `(?!…)`, `(?<=…)` or `(?<!…)`. */
export interface LookNode extends Facts {
  readonly kind: 'look'
  readonly behind: boolean
  readonly negated: boolean
  readonly body: PatternNode
}

/** `x{min,max}`; max is Infinity for `*` and `+`. */
export interface RepeatNode extends Facts {
  readonly kind: 'repeat'
  readonly body: PatternNode
  readonly min: number
  readonly max: number
  readonly lazy: boolean
}

/** A place in a parsed pattern. */
export type PatternNode =
  | SetNode
  | LookNode
  | RepeatNode
  | (Facts & { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] })
  | (Facts & { readonly kind: 'choice'; readonly options: readonly PatternNode[] })
  | (Facts & { readonly kind: 'capture'; readonly body: PatternNode })
  | (Facts & { readonly kind: 'edge'; readonly edge: Edge })
  | (Facts & { readonly kind: 'back_reference'; readonly group: number })

/** What a set of characters is written with. */
export interface SetParts {
  readonly ranges: CharSet
  readonly properties?: readonly UnicodeProperty[]
  readonly negated?: boolean
}

/** One character out of a set. */
export function setNode({ ranges, properties = [], negated = false }: SetParts): SetNode {
  // A Unicode property is taken for any character: the cost may only be overestimated.
  const exact = negated ? complement(ranges) : ranges
  const first = properties.length > 0 ? ALL_CHARS : exact
  return {
    kind: 'set',
    ranges,
    properties,
    negated,
    first,
    nullable: false,
    maxLength: 1,
    size: 1,
    copies: 1,
  }
}

/** A zero-width edge. */
export function edgeNode(edge: Edge): PatternNode {
  const facts = { first: NO_CHARS, nullable: true, maxLength: 0, size: 1, copies: 1 }
  return { kind: 'edge', edge, ...facts }
}

/** A back reference to a capturing group, counted from 1. */
export function backReferenceNode(group: number): PatternNode {
  const facts = { first: ALL_CHARS, nullable: true, size: 1 }
  return { kind: 'back_reference', group, ...facts, maxLength: Infinity, copies: Infinity }
}

/** A look-around; one that only compares a few characters is like an edge. */
export function lookNode(look: Pick<LookNode, 'behind' | 'negated' | 'body'>): LookNode {
  const first = isPlain(look.body) ? NO_CHARS : ALL_CHARS
  const facts = { first, nullable: true, maxLength: 0, copies: Infinity }
  return { kind: 'look', ...look, ...facts, size: look.body.size + 1 }
}

function isPlain(node: PatternNode): boolean {
  if (node.kind === 'sequence') return node.parts.every(isPlain)
  return node.kind === 'set' || node.kind === 'edge'
}

/** A capturing group. */
export function captureNode(body: PatternNode): PatternNode {
  const { first, nullable, maxLength, size, copies } = body
  return { kind: 'capture', body, first, nullable, maxLength, size: size + 1, copies: copies + 2 }
}

/** The parts one after the other. */
export function sequenceNode(parts: readonly PatternNode[]): PatternNode {
  const only = parts[0]
  if (only !== undefined && parts.length === 1) return only
  let first = NO_CHARS
  let nullable = true
  let maxLength = 0
  let size = 0
  let copies = 0
  for (const part of parts) {
    if (nullable) first = union(first, part.first)
    nullable &&= part.nullable
    maxLength += part.maxLength
    size += part.size
    copies += part.copies
  }
  return { kind: 'sequence', parts, first, nullable, maxLength, size, copies }
}

/** One of the options. */
export function choiceNode(options: readonly PatternNode[]): PatternNode {
  const only = options[0]
  if (only !== undefined && options.length === 1) return only
  let first = NO_CHARS
  let nullable = false
  let maxLength = 0
  let size = 0
  let copies = 0
  for (const option of options) {
    first = union(first, option.first)
    nullable ||= option.nullable
    maxLength = Math.max(maxLength, option.maxLength)
    size += option.size + 1
    copies += option.copies + 1
  }
  return { kind: 'choice', options, first, nullable, maxLength, size, copies }
}

/** The body again and again. */
export function repeatNode(repeat: Pick<RepeatNode, 'body' | 'min' | 'max' | 'lazy'>): RepeatNode {
  const { body, min, max } = repeat
  const rounds = max === Infinity ? min + 1 : Math.max(max, 1)
  return {
    kind: 'repeat',
    ...repeat,
    first: body.first,
    nullable: min === 0 || body.nullable,
    maxLength: max === 0 || body.maxLength === 0 ? 0 : body.maxLength * max,
    // The native engine writes a group with a minimum twice.
    size: body.kind === 'set' ? 2 : 2 * body.size + 1,
    copies: body.copies * rounds + rounds,
  }
}
