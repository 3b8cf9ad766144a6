import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { PartEncoding } from '../../model/request_map.ts'
import type { ApiDocument, ApiEncoding, ApiSchema } from '../api_document.ts'
import type { SchemaDefs } from '../schema/declared_names.ts'
import type { ChosenBody } from './request_body.ts'
import { isFiles, kindsOf, mainType, propertiesOf, resolved } from './schema_look.ts'

/**
 * How each property of a form or multipart body is written, with the defaults of OpenAPI filled in:
 * `contentType` where the value goes out as that media type, else style and explode. Empty for other
 * bodies (OpenAPI 3.2 §4.15).
 */
export function partEncodings(
  body: ChosenBody,
  document: ApiDocument,
): Record<string, PartEncoding> {
  if (body.kind !== 'form' && body.kind !== 'multipart') return {}
  const { encoding } = body.content
  const isMultipart = body.kind === 'multipart'
  const parts: Record<string, PartEncoding> = {}
  const names = propertiesOf(body.schema, document.defs)
  for (const name of Object.keys(encoding)) if (!names.has(name)) names.set(name, {})
  for (const [name, schema] of names) {
    const given = (Object.hasOwn(encoding, name) ? encoding[name] : undefined) ?? null
    const part = { schema, given, isMultipart }
    if (!followsValue(part, document)) parts[name] = partEncoding(part, document)
  }
  return parts
}

interface Part {
  readonly schema: JsonValue
  readonly given: ApiEncoding | null
  readonly isMultipart: boolean
}

/** What may be an object or a text is written by what it is, which no entry here could say. */
const followsValue = ({ schema, given, isMultipart }: Part, { defs }: ApiDocument): boolean =>
  given === null &&
  kindsOf(itemOf(schema, defs), defs).size > 1 &&
  !(isMultipart && isFiles(schema, defs))

function partEncoding({ schema, given, isMultipart }: Part, document: ApiDocument): PartEncoding {
  const isFile = isMultipart && isFiles(schema, document.defs)
  // OpenAPI 3.0 ignores style, explode and allowReserved in multipart bodies.
  const isStyled = !(isMultipart && document.specVersion === '3.0')
  const style = (isStyled ? given?.style : null) ?? null
  const explode = (isStyled ? given?.explode : null) ?? null
  const isPlain = style === null && explode === null
  const contentType = isPlain
    ? (concrete(given?.contentType ?? null) ?? defaultType(schema, document))
    : null
  return {
    contentType,
    style: style ?? 'form',
    explode: explode ?? (style ?? 'form') === 'form',
    allowReserved: (isStyled ? given?.allowReserved : null) ?? false,
    isFile,
    headers: isMultipart ? fixedHeaders(given?.headers ?? {}, document) : {},
  }
}

/** Of a list of media types the first that is no range. */
function concrete(contentType: string | null): string | null {
  const types = (contentType ?? '').split(',').map((type) => type.trim())
  return types.find((type) => type !== '' && !type.includes('*')) ?? null
}

/** JSON for objects and for lists of them; null leaves it to what the value is. */
function defaultType(schema: JsonValue, { defs }: ApiDocument): string | null {
  const kinds = kindsOf(itemOf(schema, defs), defs)
  return kinds.has('object') && kinds.size === 1 ? 'application/json' : null
}

/** What a list holds; the schema itself where it is of no list. */
function itemOf(schema: JsonValue, defs: SchemaDefs): JsonObject {
  const at = resolved(schema, defs)
  return mainType(at) === 'array' ? resolved(at['items'], defs) : at
}

/** Headers of a part that can have one value only. */
function fixedHeaders(
  headers: Readonly<Record<string, ApiSchema>>,
  { defs }: ApiDocument,
): Record<string, string> {
  const fixed: Record<string, string> = {}
  for (const [name, schema] of Object.entries(headers)) {
    const at = resolved(schema, defs)
    const options = Array.isArray(at['enum']) && at['enum'].length === 1 ? at['enum'] : []
    const value = at['const'] ?? at['default'] ?? options[0]
    if (typeof value === 'string' && /^[\x20-\x7e]*$/.test(value)) fixed[name] = value
  }
  return fixed
}
