import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { checkSchema } from '../lib/json_schema/check_schema.ts'
import { parseBaseUrl } from '../model/base_url.ts'
import type { EgressEntry } from '../model/egress_entry.ts'
import type { RequestMap } from '../model/request_map.ts'
import { reservedVariables, type ToolDefinition } from '../model/tool.ts'
import { invisibleFault, isVisibleText } from '../model/visible_text.ts'
import { planOf, prepareToolAuth } from './compile_tool.ts'
import { compileVerify } from './ledger/verify_rule.ts'
import { compileShape } from './response/compile_shape.ts'
import { checkPairName } from './sign_request.ts'
import { parseTokenEndpoint } from './token_endpoint.ts'

/** What a definition is checked together with. */
export interface BesideDefinition {
  /** The new secret in plain text; null where none is given. */
  readonly secret: string | null
  /** What `definition.requestMap` names; null where it names none. */
  readonly map: RequestMap | null
}

/**
 * Refuses a definition that could not be called as it stands (wire.md §5). The checks are the very
 * ones a call makes, so what registers can be called.
 * @throws AppError - the first thing that is wrong, with its literal text
 */
export function checkDefinition(
  definition: ToolDefinition,
  { secret, map }: BesideDefinition,
  entries: readonly EgressEntry[],
): void {
  parseBaseUrl(definition.baseUrl, entries)
  checkInputSchema(definition.inputSchema)
  if (definition.outputSchema !== null) checkObjectSchema(definition.outputSchema, '/output_schema')
  if (definition.response !== null) compileShape(definition.response)
  if (map !== null) checkMapped(definition, map)
  planOf(definition, map)
  if (definition.verify !== null) compileVerify(definition, definition.verify)
  checkAuthFields(definition, entries)
  if (definition.authStrategy === 'none' || secret === null) return
  prepareToolAuth(definition, [secret], entries)
}

/** What an imported tool cannot say beside its request map. */
function checkMapped(definition: ToolDefinition, map: RequestMap): void {
  const templates = {
    headers_template: 'headersTemplate',
    query_template: 'queryTemplate',
  } as const
  const all = { ...templates, body_template: 'bodyTemplate' } as const
  const errors = Object.entries(all)
    .filter(([, member]) => definition[member] !== null)
    .map(([field]) => ({
      pointer: `/${field}`,
      message: 'must be null: the OpenAPI document says what an imported tool sends',
    }))
  if (definition.endpointPath !== map.path) {
    const message = 'cannot change: it is the path of the OpenAPI document'
    errors.push({ pointer: '/endpoint_path', message })
  }
  if (errors.length > 0) throw new AppError('validation_failed', { errors })
}

function checkAuthFields(definition: ToolDefinition, entries: readonly EgressEntry[]): void {
  const { authStrategy, authHeaderName, authOAuth } = definition
  if (authStrategy === 'static_query' || authStrategy === 'static_cookie') {
    checkPairName(authStrategy, authHeaderName)
  }
  if (authStrategy !== 'oauth_client_credentials') return
  if (authOAuth === null) {
    const errors = [{ pointer: '/auth_oauth', message: 'is required for this strategy' }]
    throw new AppError('validation_failed', { errors })
  }
  parseTokenEndpoint(authOAuth, entries)
}

function checkInputSchema(schema: JsonObject): void {
  checkObjectSchema(schema, '/input_schema')
  const reserved = findReserved(schema, '/input_schema')
  if (reserved === null) return
  const reason = 'Remove it from input_schema: Gatehouse fills it from the caller.'
  const errors = [{ pointer: reserved, message: 'is a reserved variable' }]
  throw new AppError('reserved_variable', { reason, errors })
}

function checkObjectSchema(schema: JsonObject, pointer: string): void {
  if (schema.type !== 'object') {
    const message = 'must have "type": "object" at its top level'
    throw new AppError('validation_failed', { errors: [{ pointer, message }] })
  }
  checkSchema(schema)
  const hidden = findHidden(schema, pointer)
  if (hidden !== null) {
    throw new AppError('validation_failed', {
      errors: [{ pointer: hidden, message: invisibleFault }],
    })
  }
}

/** Where text that models read hides something; null when nowhere (case 283). */
function findHidden(schema: JsonValue, pointer: string): string | null {
  const entries = Array.isArray(schema) ? schema.entries() : entriesOf(schema)
  for (const [key, value] of entries) {
    const at = `${pointer}/${key}`
    if (typeof key === 'string' && !isVisibleText(key)) return at
    const isRead = key === 'description' || key === 'title'
    if (isRead && typeof value === 'string' && !isVisibleText(value)) return at
    const found = findHidden(value, at)
    if (found !== null) return found
  }
  return null
}

const entriesOf = (value: JsonValue): [string, JsonValue][] =>
  isJsonObject(value) ? Object.entries(value) : []

const reserved: ReadonlySet<string> = new Set(reservedVariables)

/** Where a schema declares a property that the caller may never fill; null when nowhere. */
function findReserved(schema: JsonValue, pointer: string): string | null {
  if (Array.isArray(schema)) return firstOf(schema.entries(), pointer)
  if (!isJsonObject(schema)) return null
  const { properties } = schema
  if (isJsonObject(properties)) {
    const name = Object.keys(properties).find((key) => reserved.has(key.toLowerCase()))
    if (name !== undefined) return `${pointer}/properties/${name}`
  }
  return firstOf(Object.entries(schema), pointer)
}

function firstOf(entries: Iterable<[string | number, JsonValue]>, pointer: string): string | null {
  for (const [key, value] of entries) {
    const found = findReserved(value, `${pointer}/${key}`)
    if (found !== null) return found
  }
  return null
}
