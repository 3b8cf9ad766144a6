import type { BodyKind } from '../../model/request_map.ts'

/** How a body of a media type is written; `isBinary` decides for ranges. */
export function kindOf(mediaType: string, isBinary: boolean): BodyKind {
  const type = essence(mediaType)
  if (isJsonType(type)) return 'json'
  if (type === 'application/x-www-form-urlencoded') return 'form'
  if (type.startsWith('multipart/')) return 'multipart'
  if (/^(?:application|text)\/xml$|\+xml$/.test(type)) return 'xml'
  if (type === '*/*' || type === 'application/*') return isBinary ? 'bytes' : 'json'
  if (type.startsWith('text/') || textual.test(type)) return 'text'
  return 'bytes'
}

const textual =
  /^application\/(?:x-)?(?:yaml|graphql|javascript|ndjson|jsonl|json-seq|jsonlines|jwt|sql|csv|pem-file|toml|x-pem-file)$|\+yaml$|\+jwt$/

/** Whether a media type, without parameters, is JSON. */
export function isJsonType(type: string): boolean {
  return /^(?:application|text)\/(?:x-)?json$|\+json$/.test(essence(type))
}

/** A media type without its parameters, lower case. */
export function essence(mediaType: string): string {
  return mediaType.split(';', 1).join('').trim().toLowerCase()
}

/** The media type to send for one the document gives, which may be a range. */
export function concreteType(mediaType: string, kind: BodyKind): string {
  if (!essence(mediaType).includes('*')) return mediaType
  if (kind === 'json') return 'application/json'
  if (kind === 'text') return 'text/plain'
  return kind === 'multipart' ? 'multipart/form-data' : 'application/octet-stream'
}
