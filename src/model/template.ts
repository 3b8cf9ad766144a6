import { AppError } from '../errors.ts'

/** A `{name}` or dotted `{a.b}` of a template. */
export interface Variable {
  /** As written between the braces. */
  readonly name: string
  /** The name split at its dots. */
  readonly keys: readonly string[]
}

/**
 * A compiled template string (wire.md §5). `exact` is a text that is one variable and nothing else,
 * which lets a body keep the value's JSON type. `V` is what stands for a variable.
 */
export type Template<V = Variable> =
  | { readonly kind: 'static'; readonly text: string }
  | { readonly kind: 'exact'; readonly variable: V }
  | { readonly kind: 'text'; readonly parts: readonly TemplatePart<V>[] }

/** A literal text or a variable. */
export type TemplatePart<V> = { readonly text: string } | { readonly variable: V }

const TOKEN = /\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g
// Whitespace, quotes and URL delimiters never stand in a name: `{"a": 1}` is a forgotten `{{`.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const NAME = /^[^\s{}"'`<>/\\?#,:;\u0000-\u001f\u007f]{1,256}$/

/**
 * Compiles a template string: `{name}` is a variable, `{{` and `}}` are literal braces. Parsing
 * happens here, once; what is substituted later is never parsed again (reliability.md case 149).
 * @throws AppError validation_failed - naming `pointer`, the place of the text in the definition
 */
export function parseTemplate(text: string, pointer: string): Template {
  const parts: TemplatePart<Variable>[] = []
  let literal = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{{' || token === '}}') literal += token.charAt(0)
    else if (!token.startsWith('{') && token !== '}') literal += token
    else {
      if (literal !== '') parts.push({ text: literal })
      literal = ''
      parts.push({ variable: parseVariable(token, pointer) })
    }
  }
  if (literal !== '') parts.push({ text: literal })
  return templateOf(parts)
}

/** Puts something else in the place of each variable. */
export function mapVariables<V, W>(template: Template<V>, map: (variable: V) => W): Template<W> {
  if (template.kind === 'static') return template
  if (template.kind === 'exact') return { kind: 'exact', variable: map(template.variable) }
  const mapped = (part: TemplatePart<V>) =>
    'text' in part ? part : { variable: map(part.variable) }
  return { kind: 'text', parts: template.parts.map(mapped) }
}

/** The template as a flat list of literals and variables. */
export function partsOf<V>(template: Template<V>): readonly TemplatePart<V>[] {
  if (template.kind === 'text') return template.parts
  return template.kind === 'exact' ? [template] : [{ text: template.text }]
}

function templateOf(parts: readonly TemplatePart<Variable>[]): Template {
  const [first] = parts
  if (first === undefined) return { kind: 'static', text: '' }
  if (parts.length > 1) return { kind: 'text', parts }
  return 'text' in first
    ? { kind: 'static', text: first.text }
    : { kind: 'exact', variable: first.variable }
}

function parseVariable(token: string, pointer: string): Variable {
  if (token === '{') throw malformed(pointer, 'a { is not closed; write {{ for a literal brace')
  if (token === '}') throw malformed(pointer, 'a } is not opened; write }} for a literal brace')
  const name = token.slice(1, -1)
  const keys = name.split('.')
  if (!NAME.test(name) || keys.includes('')) {
    throw malformed(
      pointer,
      `${token.slice(0, 80)} is not a variable; write {{ for a literal brace`,
    )
  }
  return { name, keys }
}

function malformed(pointer: string, message: string): AppError {
  return new AppError('validation_failed', { errors: [{ pointer, message }] })
}
