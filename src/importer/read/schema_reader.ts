import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { ApiSchema } from '../api_document.ts'
import { DefBook } from './def_book.ts'
import { breakEndless } from './endless_schemas.ts'
import type { FindingList } from './finding_list.ts'
import {
  child,
  isObjectPlace,
  items,
  kindOf,
  member,
  members,
  type ObjectPlace,
  type Place,
} from './place.ts'
import { pointerTokens } from './pointer.ts'
import type { References } from './references.ts'
import { isHarmless, type KeywordKind, keywordKind, plainValue } from './schema_keywords.ts'
import { nullableSchema, readType, typedEnum } from './schema_types.ts'
import type { SpecVersion } from './spec_version.ts'

/** What reading schemas needs to know of the document. */
export interface SchemaSetting {
  readonly references: References
  readonly findings: FindingList
  readonly version: SpecVersion
}

/**
 * Reads schemas of any version into the 2020-12 dialect of `ApiSchema`. What a `$ref` names is read
 * once, by `readDefs`; objects that the document shares stay shared.
 */
export class SchemaReader {
  private readonly setting: SchemaSetting
  private readonly book = new DefBook()
  private readonly done = new Map<object, ApiSchema>()
  private readonly hasSiblings: boolean

  constructor(setting: SchemaSetting) {
    this.setting = setting
    this.hasSiblings = setting.version === '3.1' || setting.version === '3.2'
  }

  /** Reads one schema; `true` where there is none or nothing that could be one. */
  read(place: Place): ApiSchema {
    const { value } = place
    if (typeof value === 'boolean') return value
    if (isObjectPlace(place)) return this.readObject(place)
    if (value !== undefined && value !== null) {
      this.warn(
        place,
        'schema_invalid',
        `A schema is ${kindOf(value)}; it is taken to allow anything.`,
      )
    }
    return true
  }

  /** Reads every schema that those read so far refer to. */
  readDefs(): Record<string, ApiSchema> {
    const defs: Record<string, ApiSchema> = {}
    for (let next = this.book.next(); next; next = this.book.next())
      defs[next[0]] = this.read(next[1])
    return breakEndless(defs, {
      freeName: (wanted) => this.book.freeName(wanted),
      isBroken: (name) => this.warnEndless(name),
    })
  }

  private readObject(place: ObjectPlace): ApiSchema {
    const known = this.done.get(place.value)
    if (known !== undefined) return known
    const base = this.setting.references.baseInside(place)
    const schema = this.withReference({ ...place, base })
    this.done.set(place.value, schema)
    return schema
  }

  private withReference(place: ObjectPlace): ApiSchema {
    const reference = referenceOf(place.value)
    if (reference === null) return this.nullable(place, this.keywords(place))
    const target = this.target(place, reference)
    if (typeof target === 'boolean' && !this.hasSiblings) return target
    const own = this.hasSiblings ? this.keywords(place) : this.descriptionOnly(place)
    const link = typeof target === 'boolean' ? {} : target
    if (target === false) return false
    if (Object.keys(own).length === 0 && typeof target === 'boolean') return target
    return this.nullable(place, { ...link, ...own })
  }

  private nullable(place: ObjectPlace, schema: JsonObject): JsonObject {
    const { value } = place
    const isNullable = value['nullable'] === true || value['x-nullable'] === true
    return isNullable ? nullableSchema(schema) : schema
  }

  private descriptionOnly({ value }: ObjectPlace): JsonObject {
    const { description } = value
    return typeof description === 'string' ? { description } : {}
  }

  private target(place: ObjectPlace, reference: string): JsonObject | boolean {
    const found = this.setting.references.find(reference, place.base)
    if ('reason' in found) return this.dangling(place, { reference, reason: found.reason })
    if (reference === '#' && found.place.pointer === found.place.base.prefix) {
      return this.link(enclosingSchema(place))
    }
    return this.linkTo(place, { found: found.place, reference })
  }

  private link(place: Place): JsonObject | boolean {
    const { value } = place
    if (!isJsonObject(value)) return typeof value === 'boolean' ? value : true
    const name = this.book.nameOf(place, value)
    return name === null ? this.tooFar(place) : { $ref: `#/$defs/${name}` }
  }

  private tooFar(place: Place): true {
    const reason = 'A schema is more than 1,000 references away; anything is allowed there.'
    this.warn(place, 'reference_chain', reason)
    return true
  }

  private linkTo(place: Place, to: { found: Place; reference: string }): JsonObject | boolean {
    const { value } = to.found
    if (isJsonObject(value) || typeof value === 'boolean') return this.link(to.found)
    const reason = `it leads to ${kindOf(value)}`
    return this.dangling(place, { reference: to.reference, reason })
  }

  private dangling(place: Place, what: { reference: string; reason: string }): true {
    this.setting.findings.warning({
      code: 'dangling_reference',
      pointer: place.pointer,
      reason: `$ref ${what.reference} cannot be followed: ${what.reason}; anything is allowed there.`,
      fix: 'Mend the $ref, or import the file it names along with this one.',
    })
    return true
  }

  private keywords(place: ObjectPlace): JsonObject {
    const schema: JsonObject = {}
    for (const key of Object.keys(place.value)) {
      const kind = keywordKind(key)
      const value = place.value[key]
      if (kind === 'dropped' || value === undefined) continue
      if (kind === undefined) schema[key] = value
      else this.keyword(schema, { kind, key, place: child(place, key) })
    }
    return this.settled(place, schema)
  }

  private keyword(schema: JsonObject, { kind, key, place }: Keyword): void {
    if (kind === 'schema') schema[key] = this.read(place)
    else if (kind === 'schema_list') this.list(schema, { key, place })
    else if (kind === 'schema_map') this.map(schema, { key, place })
    else if (kind === 'items') this.items(schema, place)
    else if (kind === 'type') this.type(schema, place)
    else if (kind === 'enum') this.enum(schema, place)
    else if (kind === 'dependencies') this.dependencies(schema, place)
    else this.plain(schema, { kind, key, place })
  }

  private plain(schema: JsonObject, { kind, key, place }: Keyword): void {
    const value = kind === 'text' ? this.setting.references.text(place) : (place.value ?? null)
    const isOldBound = key.startsWith('exclusive') && typeof value === 'boolean'
    const read = isOldBound ? value : plainValue(kind, value)
    if (read !== undefined) schema[key] = read
    else if (!isHarmless(kind, value)) this.ignored(place, key)
  }

  private list(schema: JsonObject, { key, place }: { key: string; place: Place }): void {
    const list = isObjectPlace(place) ? [place] : items(place)
    if (list.length > 0) schema[key] = list.map((item) => this.read(item))
    else if (!Array.isArray(place.value)) this.ignored(place, key)
  }

  private map(schema: JsonObject, { key, place }: { key: string; place: Place }): void {
    if (!isObjectPlace(place)) {
      if (place.value !== null) this.ignored(place, key)
      return
    }
    const map: JsonObject = {}
    for (const [name, inner] of this.mapMembers(place)) {
      const isPattern = key === 'patternProperties'
      if (isPattern && plainValue('pattern', name) !== name) this.ignored(inner, name)
      else map[name] = this.read(inner)
    }
    schema[key] = map
  }

  /** Members of a map, those of a map that it refers to as a whole included. */
  private mapMembers(place: ObjectPlace): [string, Place][] {
    if (typeof place.value['$ref'] !== 'string') return members(place)
    const own = members(place).filter(([name]) => name !== '$ref')
    const followed = this.setting.references.follow(place)
    if ('place' in followed) return [...members(followed.place), ...own]
    this.dangling(place, { reference: place.value['$ref'], reason: followed.reason })
    return own
  }

  /** A list of items is the tuple of older drafts. */
  private items(schema: JsonObject, place: Place): void {
    if (Array.isArray(place.value)) this.list(schema, { key: 'prefixItems', place })
    else schema['items'] = this.read(place)
  }

  private type(schema: JsonObject, place: Place): void {
    const { type, format, isPlain } = readType(place.value)
    if (type !== undefined) schema['type'] = type
    if (format !== undefined) schema['format'] ??= format
    if (isPlain || place.value === 'file' || place.value === null) return
    this.warn(
      place,
      'schema_type_unknown',
      `The type ${JSON.stringify(place.value).slice(0, 80)} is none of JSON Schema; it is read as ${JSON.stringify(type ?? 'anything')}.`,
    )
  }

  private enum(schema: JsonObject, place: Place): void {
    const followed = this.setting.references.follow(place)
    const value = 'place' in followed ? followed.place.value : undefined
    if (Array.isArray(value) && value.length > 0) schema['enum'] = value
    else if (place.value !== null) this.ignored(place, 'enum')
  }

  /** Draft-07 `dependencies`: names or a schema by property. */
  private dependencies(schema: JsonObject, place: Place): void {
    for (const [name, inner] of members(place)) {
      const key = Array.isArray(inner.value) ? 'dependentRequired' : 'dependentSchemas'
      const known = schema[key]
      const map = isJsonObject(known) ? known : {}
      schema[key] = map
      const names = plainValue('required', inner.value ?? null)
      map[name] = Array.isArray(inner.value) ? (names ?? []) : this.read(inner)
    }
  }

  /** What depends on two keywords at once. */
  private settled(place: ObjectPlace, schema: JsonObject): JsonObject {
    settleBound(schema, 'exclusiveMinimum', 'minimum')
    settleBound(schema, 'exclusiveMaximum', 'maximum')
    const values = schema['enum']
    if (Array.isArray(values)) schema['enum'] = typedEnum(values, schema['type'])
    if ('additionalItems' in schema) {
      const rest = schema['additionalItems']
      delete schema['additionalItems']
      if ('prefixItems' in schema && rest !== undefined) schema['items'] ??= rest
    }
    const required = requiredByProperties(place.value['properties'])
    if (required.length > 0) {
      const own = Array.isArray(schema['required']) ? schema['required'] : []
      schema['required'] = [...new Set([...own, ...required])]
    }
    return schema
  }

  private ignored(place: Place, key: string): void {
    const value = JSON.stringify(place.value)?.slice(0, 80) ?? ''
    const why = key === 'pattern' ? 'cannot be checked in bounded time' : 'makes no sense there'
    const reason = `${key}: ${value} ${why} and is ignored.`
    this.warn(place, 'schema_keyword_ignored', reason)
  }

  private warn(place: Place, code: string, reason: string): void {
    const fix = 'Mend the schema, or change it with an overlay.'
    this.setting.findings.warning({ code, pointer: place.pointer, reason, fix })
  }

  private warnEndless(name: string): void {
    this.setting.findings.warning({
      code: 'schema_endless',
      pointer: this.book.pointerOf(name),
      reason: `The schema ${name} contains itself without a property or item between; that part is cut.`,
      fix: 'Take the $ref to itself out.',
    })
  }
}

interface Keyword {
  readonly kind: KeywordKind
  readonly key: string
  readonly place: Place
}

function referenceOf(schema: JsonObject): string | null {
  for (const key of ['$ref', '$dynamicRef', '$recursiveRef']) {
    const reference = schema[key]
    if (typeof reference === 'string') return reference
  }
  return null
}

/**
 * What `#` means to a schema inside an API description: the nearest one around it that says
 * `$recursiveAnchor`, else the one with a name.
 */
function enclosingSchema(place: Place): Place {
  const { base, pointer } = place
  let here: Place = { value: base.root, pointer: base.prefix, base }
  if ('$schema' in Object(base.root) || 'properties' in Object(base.root)) return here
  let named: Place | null = null
  let anchored: Place | null = null
  let holder = ''
  for (const token of pointerTokens(pointer.slice(base.prefix.length))) {
    here = child(here, token)
    if (member(here.value, '$recursiveAnchor') === true) anchored = here
    if (holder === 'schemas' || holder === 'definitions' || token === 'schema') named ??= here
    holder = token
  }
  return anchored ?? named ?? place
}

function settleBound(schema: JsonObject, exclusive: string, inclusive: string): void {
  const flag = schema[exclusive]
  if (typeof flag !== 'boolean') return
  delete schema[exclusive]
  const bound = schema[inclusive]
  if (!flag || bound === undefined) return
  schema[exclusive] = bound
  delete schema[inclusive]
}

/** Draft-3 habits: `required: true` on the property itself. */
function requiredByProperties(properties: JsonValue | undefined): string[] {
  if (!isJsonObject(properties)) return []
  return Object.keys(properties).filter((name) => {
    const property = properties[name]
    return isJsonObject(property) && property['required'] === true
  })
}
