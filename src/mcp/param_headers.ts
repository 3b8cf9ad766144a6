import { isExactNumber, isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { decodeHeader } from './protocol.ts'

interface MirroredParam {
  readonly header: string
  readonly path: readonly string[]
}

const declared = new WeakMap<JsonObject, readonly MirroredParam[]>()

/**
 * Compares the arguments of a call with their `Mcp-Param-*` headers, where the tool's schema declares
 * such with `x-mcp-header` (SEP-2243). Yields what disagrees, or null.
 */
export function paramHeaderMismatch(
  inputSchema: JsonObject,
  args: JsonObject,
  headers: Headers,
): string | null {
  for (const param of mirroredParams(inputSchema)) {
    const value = valueAt(args, param.path)
    const text = textOf(value)
    if (text === null) continue
    const header = `Mcp-Param-${param.header}`
    const sent = headers.get(header)
    // Clients leave out integers that a double cannot hold.
    if (sent === null && isExactNumber(value)) continue
    if (sent === null) return `the body carries ${param.path.join('.')}, but ${header} is absent`
    const decoded = decodeHeader(sent)
    if (decoded !== text && !(typeof value === 'number' && isSameNumber(decoded, value))) {
      return `${header} disagrees with the body's ${param.path.join('.')}`
    }
  }
  return null
}

function mirroredParams(inputSchema: JsonObject): readonly MirroredParam[] {
  let known = declared.get(inputSchema)
  if (known === undefined) {
    known = collect(inputSchema, [])
    declared.set(inputSchema, known)
  }
  return known
}

function collect(schema: JsonObject, path: readonly string[]): MirroredParam[] {
  const own = schema['x-mcp-header']
  const found = typeof own === 'string' && path.length > 0 ? [{ header: own, path }] : []
  const properties = isJsonObject(schema.properties) ? Object.entries(schema.properties) : []
  if (path.length >= 16) return found
  return properties.reduce<MirroredParam[]>(
    (all, [name, child]) =>
      isJsonObject(child) ? all.concat(collect(child, [...path, name])) : all,
    found,
  )
}

function valueAt(args: JsonObject, path: readonly string[]): JsonValue | undefined {
  let at: JsonValue | undefined = args
  for (const key of path) at = at !== undefined && isJsonObject(at) ? at[key] : undefined
  return at
}

function textOf(value: JsonValue | undefined): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return isExactNumber(value) ? value.rawJSON : null
}

const decimal = /^-?\d+(\.\d+)?$/

/** `42.0` and `42` are the same number, however it is written. */
const isSameNumber = (sent: string | null, value: number) =>
  sent !== null && decimal.test(sent) && Number(sent) === value
