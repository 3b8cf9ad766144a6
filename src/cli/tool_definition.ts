import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../lib/json.ts'
import { parseTemplate, partsOf } from '../model/template.ts'
import { reservedVariables } from '../model/tool.ts'
import { misuse } from './failure.ts'
import { given } from './given.ts'
import { inputSchemaOf } from './tool_parameter.ts'

/** The flags of `tool add` and `tool update` that say what a tool is. */
export interface ToolFlags {
  readonly name?: string
  readonly description?: string
  readonly method?: string
  readonly url?: string
  readonly param?: readonly string[]
  readonly header?: readonly string[]
  readonly body?: string
  readonly auth?: string
  readonly authHeader?: string
  readonly requireMember?: boolean
  readonly scope?: readonly string[]
  readonly timeoutMs?: string
}

/** Reads `text`, `@file` or `-` (standard input), as `--args` and `--body` take them. */
export type ReadText = (flag: string, value: string) => Promise<string>

/**
 * The fields of a tool that flags give, as the management API takes them (wire.md §5).
 * @throws CliFailure - exit code 2: a flag cannot be read, or the URL uses an undeclared variable
 */
export async function definitionOf(flags: ToolFlags, readText: ReadText): Promise<JsonObject> {
  const { name, description, method, url, param, header, body, auth, authHeader } = flags
  const address = url === undefined ? {} : splitUrl(url)
  return {
    ...given({ name, description, http_method: method?.toUpperCase() }),
    ...address,
    ...given({
      input_schema: param && inputSchemaOf(param, rootsOf(address.endpoint_path)),
      headers_template: header && Object.fromEntries(header.map(splitHeader)),
      body_template:
        body === undefined ? undefined : readJson('--body', await readText('--body', body)),
      auth_strategy: auth,
      auth_header_name: authHeader,
      require_member: flags.requireMember,
      required_scopes: flags.scope && [...flags.scope],
      timeout_ms: flags.timeoutMs === undefined ? undefined : wholeNumber(flags.timeoutMs),
    }),
  }
}

/** Refuses a variable of the URL that no parameter declares: nothing could ever fill it. @throws CliFailure */
export function checkVariables(definition: JsonObject): void {
  const { endpoint_path: path, query_template: query, input_schema: schema } = definition
  const properties =
    isJsonObject(schema) && isJsonObject(schema.properties) ? schema.properties : {}
  const used = [path, ...(isJsonObject(query) ? Object.values(query) : [])].flatMap(rootsOf)
  const missing = used.find((name) => !Object.hasOwn(properties, name) && !isReserved(name))
  if (missing === undefined) return
  throw misuse(
    `The URL uses {${missing}}, which no --param declares`,
    `Add --param ${missing}:string:required (or integer, number, boolean).`,
  )
}

const isReserved = (name: string) => reservedVariables.some((reserved) => reserved === name)

/** The arguments a template text takes: `{order.id}` takes `order`. */
function rootsOf(text: JsonValue | undefined): string[] {
  if (typeof text !== 'string') return []
  const parts = partsOf(parseTemplate(text, '/url'))
  return parts.flatMap((part) => ('variable' in part ? (part.variable.keys[0] ?? []) : []))
}

/** `https://host/path/{id}?expand={expand}` as base_url, endpoint_path and query_template. */
function splitUrl(url: string): JsonObject {
  const [, origin, path = '/', query] =
    /^(https?:\/\/[^/?#]+)(\/[^?#]*)?(?:\?([^#]*))?$/i.exec(url) ?? []
  if (origin === undefined) {
    throw misuse(
      `"${url}" is not an upstream URL`,
      'Write https://host/path/{variable}?name={variable}.',
    )
  }
  const parameters = query
    ? { query_template: Object.fromEntries(query.split('&').map(splitQuery)) }
    : {}
  return { base_url: origin, endpoint_path: path, ...parameters }
}

function splitQuery(pair: string): [string, string] {
  const [name = '', ...rest] = pair.split('=')
  try {
    return [decodeURIComponent(name), decodeURIComponent(rest.join('='))]
  } catch {
    throw misuse(`"${pair}" in the URL is not percent-encoded right`)
  }
}

function splitHeader(header: string): [string, string] {
  const [, name, value] = /^([^\s:]+):\s*(.*)$/.exec(header) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw misuse(`--header "${header}" is not a header`, 'Write --header "Name: value".')
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw misuse(`--timeout-ms "${text}" is not a whole number of milliseconds`)
}

/** JSON that a flag gave. @throws AppError malformed_json and its kin, naming the flag */
function readJson(flag: string, text: string): JsonValue {
  try {
    return parseJson(text)
  } catch (cause) {
    const reason = cause instanceof Error && 'reason' in cause ? String(cause.reason) : undefined
    throw misuse(`${flag} is not valid JSON`, reason)
  }
}

/** A JSON object that a flag gave. */
export function readJsonObject(flag: string, text: string): JsonObject {
  const value = readJson(flag, text)
  if (isJsonObject(value)) return value
  throw misuse(`${flag} is not a JSON object`)
}
