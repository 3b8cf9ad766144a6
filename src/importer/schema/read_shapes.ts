import type { JsonObject } from '../../lib/json.ts'
import { schemasOf } from '../../lib/json_schema/schema_values.ts'
import type { ApiSchema } from '../api_document.ts'
import { intersectShapes, uniteShapes } from './combine_shapes.ts'
import type { SchemaDefs } from './declared_names.ts'
import { ownShape } from './own_shape.ts'
import { definitionName } from './schema_reference.ts'
import { anyShape, neverShape, type Shape } from './shape.ts'

/** Deepest nesting of schemas that all look at one value; deeper ones are taken for `true`. */
const MAX_CHAIN = 200
/** Most forms of one `anyOf` that are looked at; with more, it is taken for `true`. */
const MAX_FORMS = 10_000

/** Reads the shapes of a document's schemas, each schema once. */
export class Shapes {
  private readonly defs: SchemaDefs
  private readonly known = new WeakMap<JsonObject, Shape>()
  private readonly open = new Set<JsonObject>()

  constructor(defs: SchemaDefs) {
    this.defs = defs
  }

  /** The shape of a schema of the document, or of one put together from them. */
  of(schema: ApiSchema): Shape {
    return this.read(schema) ?? anyShape
  }

  /** Undefined for a schema that applies itself to the same value. */
  private read(schema: ApiSchema): Shape | undefined {
    if (typeof schema === 'boolean') return schema ? anyShape : neverShape
    const known = this.known.get(schema)
    if (known !== undefined) return known
    if (this.open.has(schema)) return undefined
    if (this.open.size >= MAX_CHAIN) return anyShape
    this.open.add(schema)
    const shape = this.work(schema)
    this.open.delete(schema)
    this.known.set(schema, shape)
    return shape
  }

  private work(schema: JsonObject): Shape {
    const target = this.target(schema.$ref)
    if (target !== undefined && Object.keys(schema).length === 1) return this.of(target)
    let shape = ownShape(schema)
    const parts = [...(target === undefined ? [] : [target]), ...(schemasOf(schema.allOf) ?? [])]
    for (const part of new Set(parts)) {
      const found = this.read(part)
      if (found !== undefined) shape = intersectShapes(shape, found)
    }
    for (const keyword of ['oneOf', 'anyOf'] as const) {
      const forms = schemasOf(schema[keyword])
      if (forms === undefined || forms.length === 0) continue
      const united = this.unite(forms)
      if (united !== undefined) shape = intersectShapes(shape, united)
    }
    return shape
  }

  private unite(forms: readonly ApiSchema[]): Shape | undefined {
    const different = [...new Set(forms)]
    if (different.length > MAX_FORMS) return undefined
    const shapes = different.map((form) => this.read(form)).filter((shape) => shape !== undefined)
    const [only] = shapes
    if (shapes.length === 1) return only
    return shapes.length === 0 ? undefined : uniteShapes(shapes)
  }

  /** What a `$ref` names; a dangling one takes anything. */
  private target(ref: ApiSchema | unknown): ApiSchema | undefined {
    const name = definitionName(typeof ref === 'string' ? ref : undefined)
    if (name === null) return undefined
    return Object.hasOwn(this.defs, name) ? this.defs[name] : undefined
  }
}

const byDefs = new WeakMap<SchemaDefs, Shapes>()

/** The shapes of a document, kept as long as its `defs` are. */
export function shapesOf(defs: SchemaDefs): Shapes {
  const known = byDefs.get(defs)
  if (known !== undefined) return known
  const shapes = new Shapes(defs)
  byDefs.set(defs, shapes)
  return shapes
}
