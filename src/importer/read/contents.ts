import type { JsonValue } from '../../lib/json.ts'
import type { ParameterStyle } from '../../model/request_map.ts'
import type { ApiContent, ApiEncoding, ApiSchema } from '../api_document.ts'
import { schemaOf } from './parameter_schema.ts'
import { booleanAt, child, member, members, type ObjectPlace, type Place, textAt } from './place.ts'
import { optionalObject, type Reading } from './reading.ts'

/** Reads a `content` map: media types in the document's order. */
export function readContents(reading: Reading, place: Place): ApiContent[] {
  const map = optionalObject(reading, place, 'the content')
  if (map === null) return []
  const contents: ApiContent[] = []
  for (const [written, inner] of members(map)) {
    if (written.startsWith('x-')) continue
    const mediaTypes = written.split(/, ?(?=[\w.+*-]{1,100}\/)/)
    if (!mediaTypes.every(isMediaType)) warnMediaType(reading, inner, written)
    else for (const type of mediaTypes) contents.push(readContent(reading, inner, type))
  }
  return contents
}

/** Whether a text is a media type or a range of them. */
export function isMediaType(text: string): boolean {
  if (text.length > 300) return false
  return /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+\s*(?:;.*)?$/.test(text.trim())
}

/** A media type in lower case; parameters keep theirs. */
export function mediaTypeOf(text: string): string {
  const [type = '', ...parameters] = text.trim().split(';')
  return [type.trim().toLowerCase(), ...parameters.map((part) => part.trim())].join('; ')
}

function warnMediaType(reading: Reading, place: Place, mediaType: string): void {
  reading.findings.warning({
    code: 'media_type_invalid',
    pointer: place.pointer,
    reason: `"${mediaType.slice(0, 80)}" is not a media type; that content is left out.`,
    fix: 'Write it as type/subtype.',
  })
}

function readContent(reading: Reading, place: Place, mediaType: string): ApiContent {
  const media = optionalObject(reading, place, 'the media type')
  const type = mediaTypeOf(mediaType)
  if (media === null) return { mediaType: type, schema: true, encoding: {}, example: undefined }
  return {
    mediaType: type,
    schema: contentSchema(reading, media),
    encoding: readEncodings(reading, child(media, 'encoding')),
    example: readExample(reading, media),
  }
}

/** `schema`; or a list of what `itemSchema` says of each item of a stream (3.2). */
function contentSchema(reading: Reading, media: ObjectPlace): ApiSchema {
  const item = child(media, 'itemSchema')
  if (media.value['schema'] !== undefined || item.value === undefined) {
    return reading.schemas.read(child(media, 'schema'))
  }
  return { type: 'array', items: reading.schemas.read(item) }
}

/** `example`, or the value of the first of `examples`. */
export function readExample(reading: Reading, place: Place): JsonValue | undefined {
  const own = child(place, 'example')
  if (own.value !== undefined) return exampleValue(reading, own)
  const [first] = members(child(place, 'examples'))
  const example = first && reading.references.follow(first[1])
  if (!example || 'reason' in example) return undefined
  const value = child(example.place, 'value')
  return exampleValue(
    reading,
    value.value === undefined ? child(example.place, 'dataValue') : value,
  )
}

/** The value itself; or what it refers to, where many keep their examples. */
function exampleValue(reading: Reading, place: Place): JsonValue | undefined {
  if (typeof member(place.value, '$ref') !== 'string') return place.value
  const followed = reading.references.follow(place)
  if ('reason' in followed) return undefined
  const { value, pointer } = followed.place
  return pointer.includes('/components/examples/') ? (member(value, 'value') ?? value) : value
}

const formStyles: readonly ParameterStyle[] = [
  'form',
  'spaceDelimited',
  'pipeDelimited',
  'deepObject',
]

function readEncodings(reading: Reading, place: Place): Record<string, ApiEncoding> {
  const map = optionalObject(reading, place, 'the encoding')
  const encodings: Record<string, ApiEncoding> = {}
  if (map === null) return encodings
  for (const [name, inner] of members(map)) {
    const encoding = optionalObject(reading, inner, `the encoding of ${name}`)
    if (encoding !== null) encodings[name] = readEncoding(reading, encoding)
  }
  return encodings
}

function readEncoding(reading: Reading, place: ObjectPlace): ApiEncoding {
  const style = textAt(child(place, 'style'))
  return {
    contentType: textAt(child(place, 'contentType')),
    style: formStyles.find((known) => known === style) ?? null,
    explode: booleanAt(child(place, 'explode')) ?? null,
    allowReserved: booleanAt(child(place, 'allowReserved')) ?? null,
    headers: readHeaders(reading, child(place, 'headers')),
  }
}

function readHeaders(reading: Reading, place: Place): Record<string, ApiSchema> {
  const headers: Record<string, ApiSchema> = {}
  for (const [name, inner] of members(place)) {
    const header = optionalObject(reading, inner, `the header ${name}`)
    if (header !== null) headers[name] = schemaOf(reading, header)
  }
  return headers
}
