import type { JsonObject } from '../../lib/json.ts'
import type { ApiBody, ApiContent, ApiEncoding } from '../api_document.ts'
import { isMediaType, mediaTypeOf, readContents, readExample } from './contents.ts'
import { orEmpty, schemaOf } from './parameter_schema.ts'
import { readCollectionFormat } from './parameter_style.ts'
import { booleanAt, child, items, type ObjectPlace, type Place, textAt } from './place.ts'
import { neededObject, type Reading } from './reading.ts'

/** An operation and what of its parameters is body. */
export interface BodySource {
  readonly operation: ObjectPlace
  readonly bodyParts: readonly ObjectPlace[]
}

/**
 * Reads what an operation takes as body, in the way of any version.
 * @throws OperationProblem for a body that cannot be read
 */
export function readBody(reading: Reading, { operation, bodyParts }: BodySource): ApiBody | null {
  const request = child(operation, 'requestBody')
  if (request.value !== undefined && request.value !== null) return requestBody(reading, request)
  const body = bodyParts.find((part) => textAt(child(part, 'in'))?.toLowerCase() === 'body')
  const mediaTypes = mediaTypesOf(reading, operation, 'consumes')
  if (body !== undefined) return wholeBody(reading, body, mediaTypes)
  return bodyParts.length === 0 ? null : formBody(reading, bodyParts, mediaTypes)
}

function requestBody(reading: Reading, place: Place): ApiBody | null {
  const body = neededObject(reading, place, 'the request body')
  const contents = readContents(reading, child(body, 'content'))
  if (contents.length === 0) {
    reading.findings.warning({
      code: 'body_without_content',
      pointer: body.pointer,
      reason: 'The request body has no content that can be sent; the operation takes none.',
      fix: 'Add a media type with a schema to its content.',
    })
    return null
  }
  return {
    description: reading.references.text(child(body, 'description')),
    required: booleanAt(child(body, 'required')) === true,
    contents,
  }
}

/** `consumes` or `produces` of an operation, else of the document, in lower case. */
export function mediaTypesOf(
  reading: Reading,
  operation: Place,
  key: 'consumes' | 'produces',
): string[] {
  const own = child(operation, key)
  const list = own.value === undefined || own.value === null ? child(reading.root, key) : own
  const texts = Array.isArray(list.value) ? items(list).map(textAt) : [textAt(list)]
  const known = texts.filter((text) => text !== null && isMediaType(text)) as string[]
  return [...new Set(known.map(mediaTypeOf))]
}

function wholeBody(reading: Reading, body: ObjectPlace, mediaTypes: readonly string[]): ApiBody {
  const schema = schemaOf(reading, body)
  const types = mediaTypes.length > 0 ? mediaTypes : ['application/json']
  const example = readExample(reading, body)
  return {
    description: reading.references.text(child(body, 'description')),
    required: booleanAt(child(body, 'required')) === true,
    contents: types.map((mediaType) => ({ mediaType, schema, encoding: {}, example })),
  }
}

const multipart = 'multipart/form-data'
const urlencoded = 'application/x-www-form-urlencoded'

/** Swagger 2.0 `formData`: one object, one property for each. */
function formBody(
  reading: Reading,
  parts: readonly ObjectPlace[],
  mediaTypes: readonly string[],
): ApiBody {
  const properties: JsonObject = {}
  const required: string[] = []
  const encoding: Record<string, ApiEncoding> = {}
  for (const part of parts) {
    const name = textAt(child(part, 'name')) ?? ''
    if (name === '__proto__') continue
    properties[name] = formProperty(reading, part)
    if (booleanAt(child(part, 'required')) === true) required.push(name)
    const written = formEncoding(part)
    if (written !== null) encoding[name] = written
  }
  const schema: JsonObject = {
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
  }
  const contents: ApiContent[] = formTypes(parts, mediaTypes).map((mediaType) => ({
    mediaType,
    schema,
    encoding,
    example: undefined,
  }))
  return { description: null, required: required.length > 0, contents }
}

function formProperty(reading: Reading, part: ObjectPlace) {
  const schema = orEmpty(part, 'query', schemaOf(reading, part))
  const description = reading.references.text(child(part, 'description'))
  if (description === null) return schema
  return typeof schema === 'boolean' ? { description } : { ...schema, description }
}

function formEncoding(part: ObjectPlace): ApiEncoding | null {
  if (textAt(child(part, 'type')) !== 'array') return null
  const { style, explode } = readCollectionFormat(part, 'query')
  return { contentType: null, style, explode, allowReserved: null, headers: {} }
}

function formTypes(parts: readonly ObjectPlace[], mediaTypes: readonly string[]): string[] {
  const hasFile = parts.some((part) => textAt(child(part, 'type'))?.toLowerCase() === 'file')
  if (hasFile) return [multipart]
  const forms = mediaTypes.filter((type) => type.startsWith('multipart/') || type === urlencoded)
  return forms.length > 0 ? forms : [urlencoded]
}
