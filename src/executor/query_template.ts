import type { JsonObject, JsonValue } from '../lib/json.ts'
import {
  type BoundTemplate,
  pointerStep,
  type RenderInput,
  readVariable,
  scalarText,
  unusable,
} from './bound_variable.ts'
import { percentEncode } from './percent_encode.ts'

/**
 * Where the query comes from: nowhere, from the query_template, or from every argument but those
 * the path uses (wire.md §5).
 */
export type QueryTemplate =
  | { readonly kind: 'none' }
  | { readonly kind: 'entries'; readonly entries: readonly QueryEntry[] }
  | { readonly kind: 'rest'; readonly used: ReadonlySet<string> }

/** One parameter: its encoded name with the `=`, and what makes its value. */
export interface QueryEntry {
  readonly prefix: string
  /** The value of a `static` one is percent-encoded already. */
  readonly template: BoundTemplate
}

/** Compiles one parameter. */
export function compileQueryEntry(name: string, template: BoundTemplate): QueryEntry {
  const prefix = `${percentEncode(name)}=`
  return template.kind === 'static'
    ? { prefix, template: { kind: 'static', text: percentEncode(template.text) } }
    : { prefix, template }
}

/**
 * Renders the raw query without its `?`; empty when there is none. A scalar is one parameter, an
 * array of scalars the same name repeated, a missing or null value no parameter at all.
 * @throws AppError invalid_argument - an object, or an array that holds more than scalars
 */
export function renderQuery(template: QueryTemplate, input: RenderInput): string {
  if (template.kind === 'none') return ''
  const pairs: string[] = []
  if (template.kind === 'rest') pushRest(pairs, template.used, input.args)
  else for (const entry of template.entries) pushEntry(pairs, entry, input)
  return pairs.join('&')
}

function pushRest(pairs: string[], used: ReadonlySet<string>, args: JsonObject): void {
  for (const name of Object.keys(args)) {
    const value = args[name] ?? null
    if (value === null || used.has(name)) continue
    pushValue(pairs, `${percentEncode(name)}=`, { value, pointer: pointerStep(name) })
  }
}

function pushEntry(pairs: string[], { prefix, template }: QueryEntry, input: RenderInput): void {
  if (template.kind === 'static') {
    pairs.push(prefix + template.text)
    return
  }
  if (template.kind === 'exact') {
    const value = readVariable(template.variable, input) ?? null
    if (value !== null) pushValue(pairs, prefix, { value, pointer: template.variable.pointer })
    return
  }
  let text = ''
  for (const part of template.parts) {
    if ('text' in part) text += part.text
    else {
      const value = readVariable(part.variable, input) ?? null
      if (value === null) return
      text += scalarOrRefuse(value, part.variable.pointer)
    }
  }
  pairs.push(prefix + percentEncode(text))
}

function pushValue(
  pairs: string[],
  prefix: string,
  { value, pointer }: { readonly value: JsonValue; readonly pointer: string },
): void {
  if (!Array.isArray(value)) {
    pairs.push(prefix + percentEncode(scalarOrRefuse(value, pointer)))
    return
  }
  for (const [index, item] of value.entries()) {
    if (item !== null)
      pairs.push(prefix + percentEncode(scalarOrRefuse(item, `${pointer}/${index}`)))
  }
}

function scalarOrRefuse(value: JsonValue, pointer: string): string {
  const text = scalarText(value)
  if (text === null) throw unusable(pointer, 'must be a scalar to stand in the query')
  return text
}
