import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { checkSchema } from '../lib/json_schema/check_schema.ts'
import { parseBaseUrl } from '../model/base_url.ts'
import type { EgressEntry } from '../model/egress_entry.ts'
import { reservedVariables, type ToolDefinition } from '../model/tool.ts'
import { invisibleFault, isVisibleText } from '../model/visible_text.ts'
import { compileRequestTemplate } from './request_template.ts'
import { prepareAuth } from './sign_request.ts'

/**
 * Refuses a definition that could not be called as it stands (wire.md §5). The checks are the very
 * ones a call makes, so what registers can be called.
 * @throws AppError - the first thing that is wrong, with its literal text
 */
export function checkDefinition(
  definition: ToolDefinition,
  secret: string | null,
  entries: readonly EgressEntry[],
): void {
  parseBaseUrl(definition.baseUrl, entries)
  checkInputSchema(definition.inputSchema)
  if (definition.outputSchema !== null) checkObjectSchema(definition.outputSchema, '/output_schema')
  compileRequestTemplate(definition)
  if (definition.authStrategy === 'none' || secret === null) return
  const { authStrategy: strategy, authHeaderName: headerName } = definition
  prepareAuth({ strategy, headerName, secrets: [secret] })
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
