import type { JsonObject } from '../../json.ts'
import { quote } from '../describe.ts'
import { type Schema, stringOf } from '../schema_values.ts'
import { type Dialect, dialectOf } from './dialect.ts'
import type { Problems } from './problems.ts'
import type { SchemaPlace, SchemaResource } from './schema_document.ts'
import { resolveUri, splitUri } from './uri.ts'

/** The base of a document whose root has no `$id`; nothing can be fetched from it. */
const ROOT_URI = 'schema:///'

/** The resources and anchors of one document (JSON Schema 2020-12 §8.2, draft-07 §8.2). */
export class Identifiers {
  /** By absolute URI. */
  readonly resources = new Map<string, SchemaResource>()
  private readonly dialect: Dialect
  private readonly problems: Problems

  constructor(dialect: Dialect, problems: Problems) {
    this.dialect = dialect
    this.problems = problems
  }

  /** The place of the document's root, whether or not it has an `$id`. */
  root(root: Schema): SchemaPlace {
    const anchors = { anchors: new Map(), dynamicAnchors: new Map() }
    const resource: SchemaResource = { uri: ROOT_URI, root, pointer: '', ...anchors }
    this.resources.set(ROOT_URI, resource)
    return { pointer: '', resource }
  }

  /** Notes the identifiers a schema gives itself and answers the place its members are in. */
  note(schema: JsonObject, at: SchemaPlace): SchemaPlace {
    const { uri, fragment } = splitUri(stringOf(schema.$id) ?? '')
    const place = uri === '' ? at : { ...at, resource: this.resource(schema, uri, at) }
    if (this.dialect.name === 'draft-07') {
      if (fragment !== '') this.anchor(schema, fragment, place)
      return place
    }
    if (fragment !== '') {
      this.problems.add(`${at.pointer}/$id`, '"$id" must not have a fragment; use "$anchor".')
    }
    this.anchors(schema, place)
    if (schema.$schema !== undefined && dialectOf(schema.$schema) !== this.dialect) {
      this.problems.add(`${at.pointer}/$schema`, 'A document has one dialect, named at its root.')
    }
    return place
  }

  private anchors(schema: JsonObject, place: SchemaPlace): void {
    const { $anchor: anchor, $dynamicAnchor: dynamicAnchor } = schema
    if (typeof anchor === 'string') this.anchor(schema, anchor, place)
    if (typeof dynamicAnchor !== 'string') return
    if (dynamicAnchor !== anchor) this.anchor(schema, dynamicAnchor, place)
    place.resource.dynamicAnchors.set(dynamicAnchor, schema)
  }

  private resource(schema: JsonObject, id: string, at: SchemaPlace): SchemaResource {
    const uri = resolveUri(id, at.resource.uri)
    if (this.resources.has(uri)) {
      this.problems.add(`${at.pointer}/$id`, `"$id" ${quote(id)} names two schemas.`)
    }
    const anchors = { anchors: new Map(), dynamicAnchors: new Map() }
    const resource = { uri, root: schema, pointer: at.pointer, ...anchors }
    this.resources.set(uri, resource)
    return resource
  }

  private anchor(schema: JsonObject, name: string, { pointer, resource }: SchemaPlace): void {
    if (resource.anchors.has(name)) {
      this.problems.add(pointer, `The anchor ${quote(name)} is not unique.`)
    }
    resource.anchors.set(name, schema)
  }
}
