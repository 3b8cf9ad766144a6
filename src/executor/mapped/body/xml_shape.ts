import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'
import { refTarget } from '../alias_walk.ts'

/** What a schema says of the XML of its value. */
export interface XmlShape {
  readonly name: string | null
  readonly prefix: string | null
  readonly namespace: string | null
  readonly nodeType: 'element' | 'attribute' | 'text' | 'cdata'
  /** Whether an array has an element of its own around its items. */
  readonly isWrapped: boolean
  /** The name of the component a `$ref` leads to; null where there is none. */
  readonly refName: string | null
  property(name: string): XmlShape
  items(): XmlShape
}

/** Most schemas that are looked at for one value. */
const maxSchemas = 100

/** Reads the `xml` objects of a document's schemas, through `$ref` and the combinators. */
export class XmlShapes {
  private readonly root: JsonObject

  constructor(root: JsonObject) {
    this.root = root
  }

  /** What a schema says; an unknown one says nothing. */
  of(schema: JsonValue | undefined): XmlShape {
    const schemas: JsonObject[] = []
    this.collect(schema, schemas)
    const xml = schemas.map((each) => each.xml).find(isJsonObject) ?? {}
    const { name, prefix, namespace, nodeType, attribute, wrapped } = xml
    return {
      name: textOf(name),
      prefix: textOf(prefix),
      namespace: textOf(namespace),
      nodeType: attribute === true ? 'attribute' : nodeTypeOf(nodeType),
      isWrapped: wrapped === true || nodeType === 'element',
      refName: refName(schema),
      property: (key) => this.of(this.propertyOf(schemas, key)),
      items: () => this.of(schemas.map((each) => each.items).find(isJsonObject)),
    }
  }

  private propertyOf(schemas: readonly JsonObject[], key: string): JsonValue | undefined {
    for (const { properties } of schemas) {
      if (isJsonObject(properties) && Object.hasOwn(properties, key)) return properties[key]
    }
    return schemas.map((each) => each.additionalProperties).find(isJsonObject)
  }

  private collect(schema: JsonValue | undefined, into: JsonObject[]): void {
    if (!isJsonObject(schema) || into.includes(schema) || into.length >= maxSchemas) return
    into.push(schema)
    if (typeof schema.$ref === 'string') this.collect(refTarget(this.root, schema.$ref), into)
    for (const list of [schema.allOf, schema.oneOf, schema.anyOf]) {
      if (Array.isArray(list)) for (const part of list) this.collect(part, into)
    }
  }
}

const textOf = (value: JsonValue | undefined) =>
  typeof value === 'string' && value !== '' ? value : null

const nodeTypeOf = (value: JsonValue | undefined) =>
  value === 'attribute' || value === 'text' || value === 'cdata' ? value : 'element'

function refName(schema: JsonValue | undefined): string | null {
  if (!isJsonObject(schema) || typeof schema.$ref !== 'string') return null
  return /^#\/\$defs\/([^/]+)$/.exec(schema.$ref)?.[1] ?? null
}
