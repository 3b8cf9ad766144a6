import { ANY_BUT_LINE_ENDS, charSet } from './char_set.ts'
import { PatternError } from './pattern_error.ts'
import { type Escape, readEscape } from './pattern_escape.ts'
import {
  backReferenceNode,
  captureNode,
  choiceNode,
  edgeNode,
  lookNode,
  type PatternNode,
  repeatNode,
  sequenceNode,
  setNode,
  type UnicodeProperty,
} from './pattern_node.ts'

const MAX_NESTING = 100
/** More than the longest text ever compared has characters. */
const MAX_COUNT = 1_000_000

/**
 * Parses a regular expression as ECMA-262 has it with the `u` flag. Taken as well, because API
 * descriptions in the field hold them and they mean one thing only: an escaped punctuation mark
 * (`\-`, `\@`), a bare `]`, `{` or `}`, and a `-` beside a class (`[\w-.]`).
 * @throws PatternError
 */
export function parsePattern(source: string): PatternNode {
  return new PatternParser(source).pattern()
}

const QUANTIFIER = /(?:[*+?]|\{([0-9]+)(,([0-9]*))?\})(\??)/y
const GROUP = /\((?:\?(?:(:)|(<?[=!])|<([A-Za-z_$][\w$]*)>|(.?)))?/y
const LOOK = /^\(\?<?[=!]/
const NAMED_REFERENCE = /k<([A-Za-z_$][\w$]*)>/y
const NUMBERED_REFERENCE = /[1-9][0-9]*/y

class PatternParser {
  private at = 0
  private nesting = 0
  private groups = 0
  private highestReference = 0
  private readonly names = new Map<string, number>()
  private readonly source: string

  constructor(source: string) {
    this.source = source
  }

  pattern(): PatternNode {
    const node = this.choice()
    if (this.at < this.source.length) throw new PatternError('A ) closes no group.')
    if (this.highestReference > this.groups) {
      throw new PatternError(`\\${this.highestReference} refers to no group.`)
    }
    return node
  }

  private choice(): PatternNode {
    if (++this.nesting > MAX_NESTING) throw new PatternError('Groups are nested too deep.')
    const options = [this.sequence()]
    while (this.source[this.at] === '|') {
      this.at++
      options.push(this.sequence())
    }
    this.nesting--
    return choiceNode(options)
  }

  private sequence(): PatternNode {
    const parts: PatternNode[] = []
    for (;;) {
      const c = this.source[this.at]
      if (c === undefined || c === '|' || c === ')') return sequenceNode(parts)
      parts.push(this.edge() ?? this.term())
    }
  }

  private edge(): PatternNode | undefined {
    const c = this.source[this.at]
    const next = this.source[this.at + 1]
    if (c === '^' || c === '$') {
      this.at++
      return edgeNode(c === '^' ? 'start' : 'end')
    }
    if (c !== '\\' || (next !== 'b' && next !== 'B')) return undefined
    this.at += 2
    return edgeNode(next === 'b' ? 'word' : 'not_word')
  }

  private term(): PatternNode {
    const isLook = LOOK.test(this.source.slice(this.at, this.at + 4))
    const body = this.atom()
    const match = this.match(QUANTIFIER)
    if (match === undefined) return body
    if (isLook) throw new PatternError('A look-around cannot be repeated.')
    const [text, least, comma, most, lazy] = match
    const sign = text[0]
    const min = least === undefined ? (sign === '+' ? 1 : 0) : Number(least)
    const max = most ? Number(most) : comma || sign === '*' || sign === '+' ? Infinity : min
    const upper = sign === '?' ? 1 : max > MAX_COUNT ? Infinity : max
    if (min > MAX_COUNT) throw new PatternError(`${text} repeats too much.`)
    if (min > upper) throw new PatternError(`${text} has its bounds the wrong way round.`)
    return repeatNode({ body, min, max: upper, lazy: lazy === '?' })
  }

  private atom(): PatternNode {
    const c = this.source[this.at]
    if (c === '(') return this.group()
    if (c === '[') return this.characterClass()
    if (c === '\\') return this.escape()
    if (c === '.') {
      this.at++
      return setNode({ ranges: ANY_BUT_LINE_ENDS })
    }
    if (c === '*' || c === '+' || c === '?')
      throw new PatternError(`Nothing before ${c} to repeat.`)
    if (
      c === '{' &&
      /^\{[0-9]*,?[0-9]+\}|^\{[0-9]+,\}/.test(this.source.slice(this.at, this.at + 24))
    ) {
      throw new PatternError('A { begins a count that repeats nothing or has no lower bound.')
    }
    return this.literal()
  }

  private literal(): PatternNode {
    const codePoint = this.source.codePointAt(this.at) ?? 0
    this.at += codePoint > 0xffff ? 2 : 1
    return setNode({ ranges: [codePoint, codePoint] })
  }

  private group(): PatternNode {
    const [, plain, look, name, other] = this.match(GROUP) ?? []
    if (other !== undefined) throw new PatternError(`(?${other} is not a group of ECMA-262.`)
    if (plain === undefined && look === undefined) this.groups++
    if (name !== undefined) {
      if (this.names.has(name)) throw new PatternError(`Two groups are named ${name}.`)
      this.names.set(name, this.groups)
    }
    const body = this.choice()
    if (this.source[this.at] !== ')') throw new PatternError('A group is not closed.')
    this.at++
    if (look !== undefined) {
      return lookNode({ behind: look[0] === '<', negated: look.endsWith('!'), body })
    }
    return plain === undefined ? captureNode(body) : body
  }

  private escape(): PatternNode {
    this.at++
    const named = this.match(NAMED_REFERENCE)
    if (named !== undefined) {
      const group = this.names.get(named[1] ?? '')
      if (group === undefined) throw new PatternError(`No group before is named ${named[1]}.`)
      return backReferenceNode(group)
    }
    const numbered = this.match(NUMBERED_REFERENCE)
    if (numbered === undefined) {
      const { ranges, properties } = this.readEscape()
      return setNode({ ranges, properties })
    }
    this.highestReference = Math.max(this.highestReference, Number(numbered[0]))
    return backReferenceNode(Number(numbered[0]))
  }

  private characterClass(): PatternNode {
    this.at++
    const negated = this.source[this.at] === '^'
    if (negated) this.at++
    const ranges: number[] = []
    const properties: UnicodeProperty[] = []
    while (this.source[this.at] !== ']') {
      const first = this.classMember()
      const last = this.rangeEnd(first)
      if (last === undefined) ranges.push(...first.ranges)
      else ranges.push(first.codePoint ?? 0, last)
      properties.push(...first.properties)
    }
    this.at++
    return setNode({ ranges: charSet(ranges), properties, negated })
  }

  /** The last code point where the member just read begins a range; a class cannot. */
  private rangeEnd(first: Escape): number | undefined {
    const { source } = this
    if (source[this.at] !== '-' || source[this.at + 1] === ']') return undefined
    if (first.codePoint === undefined) return undefined
    const dash = this.at++
    const last = this.classMember().codePoint
    if (last === undefined) this.at = dash
    else if (last < first.codePoint) throw new PatternError('A range in [ ] is out of order.')
    return last
  }

  private classMember(): Escape {
    const codePoint = this.source.codePointAt(this.at)
    if (codePoint === undefined) throw new PatternError('A [ is not closed.')
    this.at += codePoint > 0xffff ? 2 : 1
    if (codePoint !== 0x5c) {
      return { ranges: [codePoint, codePoint], properties: [], codePoint, end: this.at }
    }
    if (this.source[this.at] !== 'b') return this.readEscape()
    this.at++
    return { ranges: [8, 8], properties: [], codePoint: 8, end: this.at }
  }

  private readEscape(): Escape {
    const found = readEscape(this.source, this.at)
    this.at = found.end
    return found
  }

  private match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at
    const match = expression.exec(this.source)
    if (match === null) return undefined
    this.at = expression.lastIndex
    return match
  }
}
