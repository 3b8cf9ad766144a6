import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { stringsOf } from '../../lib/json_schema/schema_values.ts'
import type { ApiSchema } from '../api_document.ts'
import { definitionName } from './schema_reference.ts'
import { subschemas } from './subschemas.ts'

/** What the `$ref`s of a document may name: `ApiDocument.defs`. */
export type SchemaDefs = Readonly<Record<string, ApiSchema>>

/** What one schema declares by itself, and which definitions it refers to. */
interface Declared {
  readonly names: ReadonlySet<string>
  readonly refs: ReadonlySet<string>
}

/** What is known of a document's definitions. */
interface Known {
  readonly declared: Map<string, Declared>
  /** By definition, with all it refers to. */
  readonly names: Map<string, ReadonlySet<string>>
}

const byDefs = new WeakMap<SchemaDefs, Known>()

/** Every property name that a schema declares, at any depth and through every `$ref`. */
export function declaredNames(schema: ApiSchema, defs: SchemaDefs): ReadonlySet<string> {
  let known = byDefs.get(defs)
  if (known === undefined) {
    known = { declared: new Map(), names: new Map() }
    byDefs.set(defs, known)
  }
  const isReference = typeof schema === 'object' && Object.keys(schema).length === 1
  const ref = isReference ? definitionName(schema.$ref) : null
  if (ref === null) return reachedNames(schema, defs, known)
  const names = known.names.get(ref) ?? reachedNames(schema, defs, known)
  known.names.set(ref, names)
  return names
}

function reachedNames(schema: ApiSchema, defs: SchemaDefs, { declared }: Known): Set<string> {
  const own = declaredIn(schema)
  const names = new Set(own.names)
  const reached = new Set(own.refs)
  // A set may grow while it is walked.
  for (const ref of reached) {
    const target = Object.hasOwn(defs, ref) ? defs[ref] : undefined
    if (target === undefined) continue
    const found = declared.get(ref) ?? declaredIn(target)
    declared.set(ref, found)
    for (const name of found.names) names.add(name)
    for (const next of found.refs) reached.add(next)
  }
  return names
}

function declaredIn(schema: ApiSchema): Declared {
  const names = new Set<string>()
  const refs = new Set<string>()
  const seen = new Set<JsonObject>()
  const waiting: ApiSchema[] = [schema]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'boolean' || seen.has(next)) continue
    seen.add(next)
    const ref = definitionName(next.$ref)
    if (ref !== null) refs.add(ref)
    if (isJsonObject(next.properties)) for (const name in next.properties) names.add(name)
    for (const name of stringsOf(next.required)) names.add(name)
    for (const child of subschemas(next)) waiting.push(child)
  }
  return { names, refs }
}
