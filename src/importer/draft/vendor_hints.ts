import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { ToolAnnotations } from '../../model/tool.ts'
import { visibleOnly } from '../schema/concise_text.ts'
import { firstSentences, plainText } from './plain_text.ts'

/** What a document says about an operation as a tool, in the extensions of other products. */
export interface VendorHints {
  /** The extension that keeps the operation from models; null where none does. */
  readonly hiddenBy: string | null
  /** The extension that keeps it out of documentation or generated clients; null where none does. */
  readonly internalBy: string | null
  readonly name: string | null
  readonly description: string | null
  readonly annotations: ToolAnnotations
}

/** Extensions with an object about the tool, or a boolean whether there is one. */
const toolExtensions = [
  'x-mcp',
  'x-mcp-tool',
  'x-speakeasy-mcp',
  'x-scalar-expose',
  'x-zuplo-mcp-tool',
]
/** Extensions that keep an operation from models where they are true. */
const ignoring = ['x-mcp-ignore', 'x-mcp-hidden', 'x-mcp-disabled', 'x-mcp-exclude']
/** Extensions that keep it out of documentation or generated clients; it can be called all the same. */
const internal = [
  'x-internal',
  'x-hidden',
  'x-excluded',
  'x-fern-ignore',
  'x-speakeasy-ignore',
  'x-stainless-skip',
  'x-codegen-ignore',
]
const idempotent = ['x-idempotent', 'x-fern-idempotent']
const hintNames = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const

/** Reads the extensions of an operation; what they do not say is null or absent. */
export function vendorHints(extensions: JsonObject): VendorHints {
  const names = Object.keys(extensions)
  if (names.length === 0) return noHints
  const tools = toolExtensions.filter((name) => name in extensions)
  return {
    hiddenBy: tools.find((name) => isOff(extensions[name])) ?? trueOf(extensions, ignoring),
    internalBy: trueOf(extensions, internal),
    name: textOf(extensions, tools, ['name']),
    description: descriptionOf(extensions, tools),
    annotations: annotationsOf(extensions, tools),
  }
}

const noHints: VendorHints = {
  hiddenBy: null,
  internalBy: null,
  name: null,
  description: null,
  annotations: {},
}

function isOff(value: JsonValue | undefined): boolean {
  if (value === false || value === 'none') return true
  if (!isJsonObject(value)) return false
  const off = ['disabled', 'hidden', 'ignore', 'exclude', 'skip']
  const on = ['enabled', 'expose', 'include']
  return off.some((name) => value[name] === true) || on.some((name) => value[name] === false)
}

const trueOf = (extensions: JsonObject, names: readonly string[]): string | null =>
  names.find((name) => extensions[name] === true) ?? null

/** The first text that the tool objects have under one of the names. */
function textOf(
  extensions: JsonObject,
  tools: readonly string[],
  names: readonly string[],
): string | null {
  for (const value of tools.map((tool) => extensions[tool])) {
    if (!isJsonObject(value)) continue
    const text = names.map((name) => value[name]).find((given) => typeof given === 'string')
    if (typeof text === 'string' && text.trim() !== '') return text
  }
  return null
}

function descriptionOf(extensions: JsonObject, tools: readonly string[]): string | null {
  const text = textOf(extensions, tools, ['description'])
  return text === null ? null : firstSentences(plainText(text), 1_000)
}

function annotationsOf(extensions: JsonObject, tools: readonly string[]): ToolAnnotations {
  const title = textOf(extensions, tools, ['title'])
  return {
    ...(trueOf(extensions, idempotent) === null ? {} : { idempotentHint: true }),
    ...Object.assign({}, ...tools.map((tool) => hintsOf(extensions[tool]))),
    ...(title === null ? {} : { title: visibleOnly(title).replaceAll('\n', ' ').trim() }),
  }
}

function hintsOf(value: JsonValue | undefined): ToolAnnotations {
  if (!isJsonObject(value)) return {}
  const nested = isJsonObject(value['annotations']) ? value['annotations'] : {}
  const given = { ...value, ...nested }
  return Object.fromEntries(
    hintNames.flatMap((name) => (typeof given[name] === 'boolean' ? [[name, given[name]]] : [])),
  )
}
