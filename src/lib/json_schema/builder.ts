import type { JsonObject } from '../json.ts'
import type { ReferenceTarget, SchemaDocument, SchemaResource } from './document/schema_document.ts'
import { buildSchema } from './keywords/build_schema.ts'
import type { Pattern } from './pattern/compile_pattern.ts'
import type { Check } from './run.ts'
import type { Schema } from './schema_values.ts'

interface Built {
  check: Check
  isBuilt: boolean
}

const accept: Check = () => undefined
const refuse: Check = (_value, run) => run.find('false', () => 'No value is allowed here.')

/** Makes checks of the schemas of one document, each schema once. */
export class Builder {
  readonly document: SchemaDocument
  /** Whether the document is in draft-07. */
  readonly isOld: boolean
  /** Whether some schema asks which members the others evaluated. */
  readonly tracksSeen: boolean
  private readonly tracksScope: boolean
  private readonly built = new Map<JsonObject, Built>()
  private readonly dynamic = new Map<string, ReadonlyMap<SchemaResource, Check>>()
  private readonly waiting: JsonObject[] = []

  constructor(document: SchemaDocument) {
    this.document = document
    this.isOld = document.dialect.name === 'draft-07'
    const schemas = [...document.places.keys()]
    this.tracksSeen = schemas.some(
      (schema) => 'unevaluatedProperties' in schema || 'unevaluatedItems' in schema,
    )
    this.tracksScope = document.dynamicRefs.size > 0
  }

  /** The check of the whole document. */
  root(): Check {
    const check = this.check(this.document.root)
    for (let next = this.waiting.pop(); next; next = this.waiting.pop()) this.check(next)
    return check
  }

  /** The check of a schema that stands inside the one being built. */
  check(schema: Schema): Check {
    if (typeof schema === 'boolean') return schema ? accept : refuse
    const slot = this.slot(schema)
    if (!slot.isBuilt) {
      slot.isBuilt = true
      slot.check = this.scoped(schema, buildSchema(schema, this))
    }
    return slot.check
  }

  /** The check of a schema that is referred to, and may be the one being built. */
  referenced({ schema, resource }: ReferenceTarget, from?: SchemaResource): Check {
    if (typeof schema === 'boolean') return this.check(schema)
    const slot = this.slot(schema)
    if (!slot.isBuilt) this.waiting.push(schema)
    const check: Check = (value, run, seen) => slot.check(value, run, seen)
    const changesScope = this.tracksScope && resource !== from && resource.root !== schema
    return changesScope ? inScope(check, resource) : check
  }

  /** By resource, the checks of all schemas with a dynamic anchor of this name. */
  dynamicTargets(name: string): ReadonlyMap<SchemaResource, Check> {
    const known = this.dynamic.get(name)
    if (known !== undefined) return known
    const targets = new Map<SchemaResource, Check>()
    this.dynamic.set(name, targets)
    for (const { resource } of this.document.places.values()) {
      const schema = resource.dynamicAnchors.get(name)
      if (schema === undefined || targets.has(resource)) continue
      targets.set(resource, this.referenced({ schema, resource }))
    }
    return targets
  }

  /** The compiled pattern of a source text of this document. */
  pattern(source: string): Pattern {
    const pattern = this.document.patterns.get(source)
    if (pattern === undefined) throw new TypeError('A pattern of the schema was not read.')
    return pattern
  }

  /** The resource a schema belongs to. */
  resourceOf(schema: JsonObject): SchemaResource | undefined {
    return this.document.places.get(schema)?.resource
  }

  private slot(schema: JsonObject): Built {
    const known = this.built.get(schema)
    if (known !== undefined) return known
    const slot: Built = { check: accept, isBuilt: false }
    this.built.set(schema, slot)
    return slot
  }

  private scoped(schema: JsonObject, check: Check): Check {
    const resource = this.resourceOf(schema)
    return this.tracksScope && resource?.root === schema ? inScope(check, resource) : check
  }
}

function inScope(check: Check, resource: SchemaResource): Check {
  return (value, run, seen) => {
    run.scope.push(resource)
    const found = check(value, run, seen)
    run.scope.pop()
    return found
  }
}
