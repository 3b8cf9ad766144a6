import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { SchemaDefs } from '../schema/declared_names.ts'
import { isBinary as isBinaryString } from '../schema/own_shape.ts'
import { shapesOf } from '../schema/read_shapes.ts'
import { definitionName } from '../schema/schema_reference.ts'
import { meantAlternatives } from '../schema/shape.ts'

/** The schema behind a chain of `$ref`s; an empty one where it leads nowhere. */
export function resolved(schema: JsonValue | undefined, defs: SchemaDefs): JsonObject {
  let at = schema
  for (let step = 0; step < 32 && isJsonObject(at); step++) {
    const name = definitionName(at['$ref'])
    if (name === null) return at
    at = defs[name]
  }
  return {}
}

/** The types a schema names; empty for any. */
export function typesOf(schema: JsonObject): readonly string[] {
  const { type } = schema
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type.filter((each) => typeof each === 'string') : []
}

/** The type a value has that is not null; null where the schema leaves it open. */
export function mainType(schema: JsonObject): string | null {
  const types = typesOf(schema).filter((type) => type !== 'null')
  if (types.length === 1) return types[0] ?? null
  if (types.length > 1) return null
  return isJsonObject(schema['properties']) ? 'object' : null
}

/** The properties a schema declares, through `$ref` and `allOf` and its alternatives. */
export function propertiesOf(
  schema: JsonValue | undefined,
  defs: SchemaDefs,
): Map<string, JsonValue> {
  const found = new Map<string, JsonValue>()
  collect(schema, { defs, found, depth: 0 })
  return found
}

interface Collecting {
  readonly defs: SchemaDefs
  readonly found: Map<string, JsonValue>
  readonly depth: number
}

function collect(schema: JsonValue | undefined, state: Collecting): void {
  if (state.depth > 8) return
  const at = resolved(schema, state.defs)
  const { properties } = at
  if (isJsonObject(properties)) {
    for (const [name, value] of Object.entries(properties)) {
      if (!state.found.has(name)) state.found.set(name, value)
    }
  }
  const next = { ...state, depth: state.depth + 1 }
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    const parts = at[keyword]
    if (Array.isArray(parts)) for (const part of parts) collect(part, next)
  }
}

/** Whether a value is an object, something else, or may be either; null aside. */
export function kindsOf(schema: JsonObject, defs: SchemaDefs): ReadonlySet<'object' | 'other'> {
  const shape = shapesOf(defs).of(schema)
  if (shape.isAny) return new Set(['object', 'other'])
  const types = meantAlternatives(shape).map(({ type }) => type)
  const kinds = types.map((type) => (type === 'object' ? 'object' : 'other'))
  return new Set(kinds.filter((_, index) => types[index] !== 'null'))
}

/** Whether a value may be a file: a binary string, through `$ref`s and alternatives. */
export function isBinary(schema: JsonValue | undefined, defs: SchemaDefs, depth = 0): boolean {
  const at = resolved(schema, defs)
  const type = mainType(at)
  if ((type === null || type === 'string') && isBinaryString(at)) return true
  if (depth > 4) return false
  const parts = [at['anyOf'], at['oneOf'], at['allOf']].filter((part) => Array.isArray(part)).flat()
  return parts.some((part) => isBinary(part, defs, depth + 1))
}

/** Whether a value may be a file or a list of files. */
export function isFiles(schema: JsonValue | undefined, defs: SchemaDefs): boolean {
  const at = resolved(schema, defs)
  return isBinary(at, defs) || (mainType(at) === 'array' && isBinary(at['items'], defs))
}
