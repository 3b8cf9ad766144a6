import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { stringsOf } from '../../lib/json_schema/schema_values.ts'
import { pointerStep } from '../bound_variable.ts'

/** What all the schemas of one value together say of its members. */
interface Shape {
  readonly properties: ReadonlyMap<string, readonly JsonObject[]>
  readonly others: readonly JsonObject[]
  readonly items: readonly JsonObject[]
}

/** A value with its names as on the wire, and what stood for them. */
export interface Unaliased {
  readonly value: JsonValue
  /** The model's name by the pointer to the member on the wire. */
  readonly renamed: ReadonlyMap<string, string>
  /** Pointers, in the model's names, of members given under both of their names. */
  readonly doubled: readonly string[]
}

interface Walk {
  readonly renamed: Map<string, string>
  readonly doubled: string[]
}

interface Place {
  readonly schemas: readonly JsonObject[]
  /** In the names of the wire, and of the model. */
  readonly wire: string
  readonly model: string
}

const inPlace = ['allOf', 'anyOf', 'oneOf'] as const
const conditional = ['if', 'then', 'else'] as const

/**
 * Puts wire names in the place of aliases, where the schema declares the name: keys that an API
 * leaves to the caller stay what they are.
 */
export class AliasWalk {
  private readonly root: JsonObject
  private readonly aliases: Readonly<Record<string, string>>
  private readonly shapes = new WeakMap<JsonObject, Shape>()

  /** @param root the schema whose `$defs` a `$ref` names */
  constructor(root: JsonObject, aliases: Readonly<Record<string, string>>) {
    this.root = root
    this.aliases = aliases
  }

  /** Renames throughout a value that `schema` describes; pointers begin with `/body`. */
  apply(value: JsonValue, schema: JsonValue | undefined): Unaliased {
    const walk: Walk = { renamed: new Map(), doubled: [] }
    if (!isJsonObject(schema) || Object.keys(this.aliases).length === 0) {
      return { value, ...walk }
    }
    const place = { schemas: [schema], wire: '/body', model: '/body' }
    return { value: this.value(value, place, walk), ...walk }
  }

  private value(value: JsonValue, place: Place, walk: Walk): JsonValue {
    if (place.schemas.length === 0) return value
    if (!Array.isArray(value) && !isJsonObject(value)) return value
    const shape = this.shapeOf(place.schemas)
    if (isJsonObject(value)) return this.object(value, { ...place, shape }, walk)
    return value.map((item, index) => {
      const step = `/${index}`
      const at = { schemas: shape.items, wire: place.wire + step, model: place.model + step }
      return this.value(item, at, walk)
    })
  }

  private object(value: JsonObject, place: Place & { shape: Shape }, walk: Walk): JsonObject {
    const { shape } = place
    const result: JsonObject = {}
    for (const [key, member] of Object.entries(value)) {
      const name = this.wireName(key, shape)
      const at = {
        schemas: shape.properties.get(name) ?? shape.others,
        wire: place.wire + pointerStep(name),
        model: place.model + pointerStep(key),
      }
      if (name !== key) walk.renamed.set(at.wire, key)
      if (Object.hasOwn(result, name)) walk.doubled.push(at.model)
      result[name] = this.value(member, at, walk)
    }
    return result
  }

  private wireName(key: string, { properties }: Shape): string {
    if (properties.has(key) || !Object.hasOwn(this.aliases, key)) return key
    const name = this.aliases[key] ?? key
    return properties.has(name) ? name : key
  }

  private shapeOf(schemas: readonly JsonObject[]): Shape {
    const [only] = schemas
    if (only === undefined || schemas.length > 1) return this.merged(schemas)
    const known = this.shapes.get(only)
    if (known !== undefined) return known
    const shape = this.merged(schemas)
    this.shapes.set(only, shape)
    return shape
  }

  private merged(schemas: readonly JsonObject[]): Shape {
    const all = new Set<JsonObject>()
    for (const schema of schemas) this.collect(schema, all)
    const properties = new Map<string, JsonObject[]>()
    const others = new Set<JsonObject>()
    const items = new Set<JsonObject>()
    for (const schema of all) {
      for (const [name, child] of entriesOf(schema.properties)) {
        const list = properties.get(name) ?? []
        if (isJsonObject(child)) list.push(child)
        properties.set(name, list)
      }
      add(others, schema.additionalProperties, schema.unevaluatedProperties)
      add(others, ...entriesOf(schema.patternProperties).map(([, child]) => child))
      add(items, schema.items, schema.contains, schema.unevaluatedItems)
      if (Array.isArray(schema.prefixItems)) add(items, ...schema.prefixItems)
    }
    // A name that is required has an alias, too, though nothing else is said of it.
    for (const name of [...all].flatMap(({ required }) => stringsOf(required))) {
      if (!properties.has(name)) properties.set(name, [...others])
    }
    return { properties, others: [...others], items: [...items] }
  }

  /** Every schema that looks at the same value. */
  private collect(schema: JsonValue | undefined, into: Set<JsonObject>): void {
    if (!isJsonObject(schema) || into.has(schema)) return
    into.add(schema)
    if (typeof schema.$ref === 'string') this.collect(this.target(schema.$ref), into)
    for (const keyword of inPlace) {
      const list = schema[keyword]
      if (Array.isArray(list)) for (const part of list) this.collect(part, into)
    }
    for (const keyword of conditional) this.collect(schema[keyword], into)
    for (const [, part] of entriesOf(schema.dependentSchemas)) this.collect(part, into)
  }

  private target(ref: string): JsonValue | undefined {
    return refTarget(this.root, ref)
  }
}

/** What a local `$ref` names; undefined where nothing is there. */
export function refTarget(root: JsonObject, ref: string): JsonValue | undefined {
  if (!ref.startsWith('#/')) return ref === '#' ? root : undefined
  let at: JsonValue | undefined = root
  for (const step of ref.slice(2).split('/')) {
    const key = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(at)) at = at[Number(key)]
    else at = isJsonObject(at) && Object.hasOwn(at, key) ? at[key] : undefined
  }
  return at
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

const entriesOf = (value: JsonValue | undefined): [string, JsonValue][] =>
  isJsonObject(value) ? Object.entries(value) : []

function add(into: Set<JsonObject>, ...schemas: (JsonValue | undefined)[]): void {
  for (const schema of schemas) if (isJsonObject(schema)) into.add(schema)
}
