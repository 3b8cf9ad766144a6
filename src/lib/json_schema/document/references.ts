import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts'
import { isSchema } from '../schema_values.ts'
import type { ReferenceTarget, SchemaPlace, SchemaResource } from './schema_document.ts'
import { resolveUri, splitUri } from './uri.ts'

/** A `$ref` or `$dynamicRef` that has been read but not yet followed. */
export interface PendingReference {
  readonly schema: JsonObject
  readonly keyword: string
  readonly ref: string
  readonly place: SchemaPlace
}

/** What a reference leads to, and the target's pointer from the document's root. */
export interface FoundReference {
  readonly target: ReferenceTarget
  readonly pointer: string
}

/** Finds what a reference leads to among the resources of its own document. */
export function resolveReference(
  { ref, keyword, place }: PendingReference,
  resources: ReadonlyMap<string, SchemaResource>,
): FoundReference | 'remote' | 'dangling' {
  const { uri, fragment } = splitUri(ref)
  const base = place.resource
  const resource = uri === '' ? base : resources.get(resolveUri(uri, base.uri))
  if (resource === undefined) return 'remote'
  if (fragment === '')
    return { target: { schema: resource.root, resource }, pointer: resource.pointer }
  if (fragment.startsWith('/')) return byPointer(resource, fragment)
  const schema = resource.anchors.get(fragment)
  if (schema === undefined) return 'dangling'
  const isDynamic = keyword === '$dynamicRef' && resource.dynamicAnchors.has(fragment)
  const target = { schema, resource, ...(isDynamic ? { dynamicAnchor: fragment } : {}) }
  return { target, pointer: resource.pointer }
}

function byPointer(resource: SchemaResource, fragment: string): FoundReference | 'dangling' {
  let value: JsonValue | undefined = resource.root
  for (const segment of fragment.slice(1).split('/')) {
    value = member(value, segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  if (!isSchema(value)) return 'dangling'
  return { target: { schema: value, resource }, pointer: resource.pointer + fragment }
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(value))
    return /^(?:0|[1-9][0-9]{0,8})$/.test(key) ? value[Number(key)] : undefined
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}
