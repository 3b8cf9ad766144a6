import type { Edge, PatternNode, SetNode } from './pattern_node.ts'

/** Which engine a pattern is written for: the runtime's own (with the `u` flag) or RE2. */
export type Engine = 'native' | 're2'

const EDGES: Record<Engine, Record<Edge, string>> = {
  native: { start: '^', end: '$', word: '\\b', not_word: '\\B' },
  re2: { start: '\\A', end: '\\z', word: '\\b', not_word: '\\B' },
}

/**
 * Writes a parsed pattern for an engine, every set of characters spelled out, so that both engines
 * take it to mean the same.
 */
export function writePattern(node: PatternNode, engine: Engine): string {
  const write = (part: PatternNode) => writePattern(part, engine)
  switch (node.kind) {
    case 'set':
      return writeSet(node, engine)
    case 'edge':
      return EDGES[engine][node.edge]
    case 'sequence':
      return node.parts.map((part) => grouped(part, write(part))).join('')
    case 'choice':
      return node.options.map(write).join('|')
    case 'capture':
      return `${engine === 'native' ? '(' : '(?:'}${write(node.body)})`
    case 'look':
      return `(?${node.behind ? '<' : ''}${node.negated ? '!' : '='}${write(node.body)})`
    case 'back_reference':
      return `(?:\\${node.group})`
    case 'repeat':
      return repeated(node.body, write(node.body)) + quantifier(node)
  }
}

const grouped = (node: PatternNode, text: string) => (node.kind === 'choice' ? `(?:${text})` : text)

const repeated = (body: PatternNode, text: string) =>
  body.kind === 'set' || body.kind === 'capture' ? text : `(?:${text})`

function quantifier({ min, max, lazy }: { min: number; max: number; lazy: boolean }): string {
  const suffix = lazy ? '?' : ''
  if (max !== Infinity) return `{${min},${max}}${suffix}`
  return (min === 0 ? '*' : min === 1 ? '+' : `{${min},}`) + suffix
}

function writeSet(node: SetNode, engine: Engine): string {
  const { ranges, properties, negated } = node
  if (ranges.length === 2 && ranges[0] === ranges[1] && properties.length + Number(negated) === 0) {
    return character(ranges[0] ?? 0, engine)
  }
  let members = ''
  for (let i = 0; i < ranges.length; i += 2) {
    const last = ranges[i + 1] ?? 0
    members += character(ranges[i] ?? 0, engine)
    if (last !== ranges[i]) members += `-${character(last, engine)}`
  }
  for (const { name, negated: not } of properties) {
    members += `\\${not ? 'P' : 'p'}{${engine === 're2' ? re2Name(name) : name}}`
  }
  if (members === '') return negated ? `[${everything(engine)}]` : `[^${everything(engine)}]`
  return `[${negated ? '^' : ''}${members}]`
}

const everything = (engine: Engine) => `${character(0, engine)}-${character(0x10ffff, engine)}`

function character(codePoint: number, engine: Engine): string {
  const text = String.fromCodePoint(codePoint)
  if (/^[A-Za-z0-9]$/.test(text)) return text
  return `\\${engine === 'native' ? 'u' : 'x'}{${codePoint.toString(16)}}`
}

/** RE2 knows general categories by their short names and scripts by their long ones, bare. */
const re2Name = (name: string) => {
  const bare = name.replace(/^(?:General_Category|gc|Script|sc)=/, '')
  return SHORT_CATEGORIES[bare] ?? bare
}

const SHORT_CATEGORIES: Record<string, string> = {
  Letter: 'L',
  Uppercase_Letter: 'Lu',
  Lowercase_Letter: 'Ll',
  Titlecase_Letter: 'Lt',
  Modifier_Letter: 'Lm',
  Other_Letter: 'Lo',
  Mark: 'M',
  Nonspacing_Mark: 'Mn',
  Spacing_Mark: 'Mc',
  Number: 'N',
  Decimal_Number: 'Nd',
  Letter_Number: 'Nl',
  Other_Number: 'No',
  Punctuation: 'P',
  Symbol: 'S',
  Math_Symbol: 'Sm',
  Currency_Symbol: 'Sc',
  Separator: 'Z',
  Space_Separator: 'Zs',
  Other: 'C',
  Control: 'Cc',
}
