import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'

/**
 * The argument names a schema declares at its top level, looking through its combinators; null where
 * it says itself what becomes of others (case 151).
 */
export function knownArguments(schema: JsonObject): ReadonlySet<string> | null {
  const names = new Set<string>()
  return collect(schema, schema, { names, depth: 0 }) ? names : null
}

interface Collected {
  readonly names: Set<string>
  readonly depth: number
}

function collect(root: JsonObject, schema: JsonObject, into: Collected): boolean {
  const rulesItself = ['additionalProperties', 'unevaluatedProperties', 'patternProperties']
  if (rulesItself.some((keyword) => schema[keyword] !== undefined) || into.depth > 16) return false
  if (isJsonObject(schema.properties)) {
    for (const name of Object.keys(schema.properties)) into.names.add(name)
  }
  const deeper = { names: into.names, depth: into.depth + 1 }
  return applicators(root, schema).every((part) => collect(root, part, deeper))
}

function applicators(root: JsonObject, schema: JsonObject): JsonObject[] {
  const lists = [schema.allOf, schema.anyOf, schema.oneOf].filter(Array.isArray).flat()
  const single = [schema.if, schema.then, schema.else, localRef(root, schema.$ref)]
  const dependent = isJsonObject(schema.dependentSchemas)
    ? Object.values(schema.dependentSchemas)
    : []
  return [...lists, ...single, ...dependent].filter(
    (part): part is JsonObject => part !== undefined && isJsonObject(part),
  )
}

function localRef(root: JsonObject, ref: JsonValue | undefined): JsonValue | undefined {
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return undefined
  let at: JsonValue | undefined = root
  for (const part of ref.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    at = at !== undefined && isJsonObject(at) ? at[key] : undefined
  }
  return at
}
