import { AppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import {
  type BoundTemplate,
  type RenderInput,
  readVariable,
  scalarText,
  unusable,
} from './bound_variable.ts'

/**
 * Where the body comes from: nowhere, from the body_template, or from every argument but those the
 * path uses (wire.md §5).
 */
export type BodyTemplate =
  | { readonly kind: 'none' }
  | { readonly kind: 'node'; readonly node: BodyNode }
  | { readonly kind: 'rest'; readonly used: ReadonlySet<string> }

/** A compiled JSON value; `json` of a `fixed` one is its text. */
export type BodyNode =
  | { readonly kind: 'fixed'; readonly json: string }
  | { readonly kind: 'string'; readonly template: BoundTemplate }
  | { readonly kind: 'array'; readonly items: readonly BodyNode[] }
  | { readonly kind: 'object'; readonly members: readonly BodyMember[] }

/** One key of an object: its JSON text with the colon, and its value. */
export interface BodyMember {
  readonly prefix: string
  readonly node: BodyNode
}

/** Largest body that is sent, in bytes. */
const maxBodyBytes = 4 * 1024 * 1024

const encoder = new TextEncoder()

/** Makes an array's node; its text is precomputed where nothing in it varies. */
export function arrayNode(items: readonly BodyNode[]): BodyNode {
  const texts = items.flatMap((item) => (item.kind === 'fixed' ? [item.json] : []))
  return texts.length === items.length
    ? { kind: 'fixed', json: `[${texts.join(',')}]` }
    : { kind: 'array', items }
}

/** Makes an object's node; its text is precomputed where nothing in it varies. */
export function objectNode(entries: readonly (readonly [string, BodyNode])[]): BodyNode {
  const members = entries.map(([key, node]) => ({ prefix: `${JSON.stringify(key)}:`, node }))
  const texts = members.flatMap(({ prefix, node }) =>
    node.kind === 'fixed' ? [prefix + node.json] : [],
  )
  return texts.length === members.length
    ? { kind: 'fixed', json: `{${texts.join(',')}}` }
    : { kind: 'object', members }
}

/**
 * Renders the JSON body as bytes; null when there is none. Values enter as JSON values, each
 * serialised on its own, so no text of theirs can end a string (reliability.md case 145).
 * @throws AppError invalid_argument - an array or object amid a text; request_too_large - above
 * 4 MiB
 */
export function renderBody(template: BodyTemplate, input: RenderInput): Uint8Array | null {
  if (template.kind === 'none') return null
  const json =
    template.kind === 'rest'
      ? JSON.stringify(without(input.args, template.used))
      : (renderNode(template.node, input) ?? '{}')
  const bytes = encoder.encode(within(json))
  if (bytes.length > maxBodyBytes) throw tooLarge()
  return bytes
}

/** Stops as soon as the text is too long: a template may name one large argument many times. */
function within(text: string): string {
  if (text.length > maxBodyBytes) throw tooLarge()
  return text
}

function tooLarge(): AppError {
  return new AppError('request_too_large', { reason: 'The body exceeds 4 MiB.' })
}

function without(args: JsonObject, used: ReadonlySet<string>): JsonObject {
  if (used.size === 0) return args
  return Object.fromEntries(Object.entries(args).filter(([name]) => !used.has(name)))
}

/** The JSON text of a node; undefined drops the key or item it stands for. */
function renderNode(node: BodyNode, input: RenderInput): string | undefined {
  switch (node.kind) {
    case 'fixed':
      return node.json
    case 'string':
      return renderString(node.template, input)
    case 'array':
      return `[${node.items.flatMap((item) => renderNode(item, input) ?? []).join(',')}]`
    case 'object':
      return renderObject(node.members, input)
  }
}

function renderObject(members: readonly BodyMember[], input: RenderInput): string {
  let json = ''
  for (const { prefix, node } of members) {
    const text = renderNode(node, input)
    if (text !== undefined) json = within(`${json}${json === '' ? '' : ','}${prefix}${text}`)
  }
  return `{${json}}`
}

function renderString(template: BoundTemplate, input: RenderInput): string | undefined {
  if (template.kind === 'static') return JSON.stringify(template.text)
  if (template.kind === 'exact') {
    const value = readVariable(template.variable, input)
    return value === undefined ? undefined : JSON.stringify(value)
  }
  let text = ''
  for (const part of template.parts) {
    if ('text' in part) text += part.text
    else {
      const value = readVariable(part.variable, input) ?? null
      if (value === null) return undefined
      const scalar = scalarText(value)
      if (scalar === null) throw unusable(part.variable.pointer, 'must be a scalar amid a text')
      text = within(text + scalar)
    }
  }
  return JSON.stringify(text)
}
