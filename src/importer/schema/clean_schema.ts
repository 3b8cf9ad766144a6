import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { Keyword } from '../../lib/json_schema/document/dialect.ts'
import { compilePattern } from '../../lib/json_schema/pattern/compile_pattern.ts'
import { isSchema, stringsOf } from '../../lib/json_schema/schema_values.ts'
import type { ApiSchema } from '../api_document.ts'
import { isUnspeakable } from './alias_book.ts'
import type { SchemaDefs } from './declared_names.ts'
import { isBinary } from './own_shape.ts'
import type { Shapes } from './read_shapes.ts'
import { definitionName, referenceTo } from './schema_reference.ts'
import { keywords } from './subschemas.ts'

/** A schema ready for `RequestMap.schema`, and what it takes of the validator's bounds. */
export interface CleanSchema {
  readonly schema: ApiSchema
  /** The definitions it refers to. */
  readonly refs: ReadonlySet<string>
  /** Those among them that look at the same value as the schema itself. */
  readonly inPlaceRefs: ReadonlySet<string>
  readonly subschemas: number
  /** How many schemas that look at the same value stand one inside the other, references aside. */
  readonly chain: number
  readonly patterns: ReadonlySet<string>
  /** Whether something was cut off at the depth given. */
  readonly isCut: boolean
}

/** What cleaning depends on. */
export interface CleaningOptions {
  readonly defs: SchemaDefs
  readonly shapes: Shapes
  /** The definition of file objects; null where binary strings are no files. */
  readonly fileDefinition: string | null
  /** In-place references to leave out, since they lead back to where they stand. */
  readonly brokenRefs: ReadonlySet<string>
  /** Deepest nesting of objects and arrays; what is deeper takes anything. */
  readonly maxDepth: number
}

/** Longest chain of schemas for one value within one definition. */
const MAX_CHAIN = 30
const MAX_VALUE_CHARS = 20_000
/** Most enumerated values; a longer enumeration is left to the API. */
const MAX_VALUES = 5000
/** Most definitions that stand in the place of their `$ref`. */
const MAX_INLINES = 20
/** Most members of one `properties`, `anyOf` and the like; the rest is left to the API. */
const MAX_MEMBERS = 800

const dropped: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$anchor',
  '$dynamicAnchor',
  '$dynamicRef',
  '$defs',
  'definitions',
  'dependencies',
  'title',
  'description',
  'contentSchema',
])
const keptAsTheyAre: ReadonlySet<string> = new Set(['contentEncoding', 'contentMediaType'])
const inPlace: ReadonlySet<string> = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
])

/** Takes from a schema what says nothing to a validator, and what a validator would refuse. */
export function cleanSchema(schema: ApiSchema, options: CleaningOptions): CleanSchema {
  return new Cleaner(options).clean(schema)
}

/** Where a schema stands. */
interface Place {
  readonly depth: number
  /** How many schemas around it look at the same value. */
  readonly chain: number
  /** Whether that is the value the whole schema looks at. */
  readonly isRootValue: boolean
  /** The outermost schema that looks at the same value; true for itself. */
  readonly scope: ApiSchema
  /** Whether it stands in a `not` or `if`, where to allow more is to forbid more. */
  readonly isTurned: boolean
}

class Cleaner {
  private readonly options: CleaningOptions
  private readonly refs = new Set<string>()
  private readonly inPlaceRefs = new Set<string>()
  private readonly patterns = new Set<string>()
  private readonly readOnly = new Map<JsonObject, ReadonlySet<string>>()
  private inlinesLeft = MAX_INLINES
  private subschemas = 0
  private chain = 0
  private isCut = false

  constructor(options: CleaningOptions) {
    this.options = options
  }

  clean(schema: ApiSchema): CleanSchema {
    const cleaned = this.schema(schema, start(schema))
    const { refs, inPlaceRefs, patterns, subschemas, chain, isCut } = this
    return { schema: cleaned, refs, inPlaceRefs, patterns, subschemas, chain, isCut }
  }

  private schema(schema: ApiSchema, place: Place): ApiSchema {
    this.subschemas++
    if (typeof schema === 'boolean') return schema
    if (place.depth > this.options.maxDepth || place.chain > MAX_CHAIN) {
      this.isCut = true
      return true
    }
    const cleaned: JsonObject = {}
    const here = place.scope === true ? { ...place, scope: schema } : place
    this.chain = Math.max(this.chain, place.chain)
    const whole = this.withTarget(schema, here)
    for (const name of Object.keys(whole))
      this.member(cleaned, name, { schema: whole, place: here })
    if (here.isTurned) return this.withFile(whole, cleaned)
    // The part that holds `oneOf` beside `anyOf` is one more.
    if (cleaned.oneOf !== undefined && cleaned.anyOf !== undefined) this.subschemas++
    return this.withFile(whole, someOf(cleaned))
  }

  /**
   * A definition that requires what another part of the same value says is `readOnly` stands in the
   * place of its `$ref`, since elsewhere the rule holds.
   */
  private withTarget(schema: JsonObject, { scope, isRootValue }: Place): JsonObject {
    const name = definitionName(schema.$ref)
    const { defs, brokenRefs } = this.options
    const target = name !== null && Object.hasOwn(defs, name) ? defs[name] : undefined
    if (name === null || target === undefined || this.inlinesLeft === 0) return schema
    if (isRootValue && brokenRefs.has(name)) return schema
    if (!this.requiresReadOnly(target, scope)) return schema
    this.inlinesLeft--
    const { $ref: _, ...rest } = schema
    return { ...rest, allOf: [...(Array.isArray(rest.allOf) ? rest.allOf : []), target] }
  }

  private requiresReadOnly(target: ApiSchema, scope: ApiSchema): boolean {
    const readOnly = this.readOnlyNames(scope)
    if (readOnly.size === 0) return false
    const own = this.readOnlyNames(target)
    const { alternatives } = this.options.shapes.of(target)
    return alternatives.some(({ required }) =>
      [...required].some((name) => readOnly.has(name) && !own.has(name)),
    )
  }

  private readOnlyNames(schema: ApiSchema): ReadonlySet<string> {
    if (typeof schema === 'boolean') return new Set()
    const known = this.readOnly.get(schema)
    if (known !== undefined) return known
    const { shapes } = this.options
    const names = new Set<string>()
    for (const { properties } of shapes.of(schema).alternatives) {
      for (const [name, property] of properties) {
        if (shapes.of(property).remarks.isReadOnly) names.add(name)
      }
    }
    this.readOnly.set(schema, names)
    return names
  }

  private member(
    cleaned: JsonObject,
    name: string,
    { schema, place }: { schema: JsonObject; place: Place },
  ): void {
    const value = schema[name]
    if (value === undefined || dropped.has(name)) return
    if (name === '$ref') this.reference(cleaned, value, place)
    else if (name === 'required') this.required(cleaned, schema, place)
    else if (name === 'patternProperties') this.patternMembers(cleaned, schema, place)
    else if (name === 'const') {
      if (isBoundedValue(value)) cleaned[name] = value
    } else if (name === 'xml' ? isJsonObject(value) : keptAsTheyAre.has(name)) cleaned[name] = value
    else {
      const keyword = keywords.get(name)
      if (keyword !== undefined) this.keyword(cleaned, name, { keyword, value, place })
    }
  }

  private keyword(
    cleaned: JsonObject,
    name: string,
    { keyword, value, place }: { keyword: Keyword; value: JsonValue; place: Place },
  ): void {
    if (keyword.children !== undefined) {
      const kept = this.bounded(cleaned, name, value)
      const children = this.children(kept, keyword.children, innerPlace(name, place))
      if (children !== undefined) cleaned[name] = children
      return
    }
    if (keyword.shape?.(value) !== undefined) return
    if (keyword.isPattern === true && !this.isPattern(value)) return
    if (name === 'enum' && !isBoundedList(value)) return
    cleaned[name] = value
  }

  /** Leaves out members beyond the bound, and with them the rules that depend on all of them. */
  private bounded(cleaned: JsonObject, name: string, value: JsonValue): JsonValue {
    const count = typeof value === 'object' && value !== null ? Object.keys(value).length : 0
    if (count <= MAX_MEMBERS) return value
    this.isCut = true
    if (Array.isArray(value)) return name === 'allOf' ? value.slice(0, MAX_MEMBERS) : null
    cleaned[lostMembers] = true
    return Object.fromEntries(Object.entries(value as JsonObject).slice(0, MAX_MEMBERS))
  }

  private children(value: JsonValue, kind: string, place: Place): JsonValue | undefined {
    if (kind === 'schema') {
      return isSchema(value) ? this.schema(value, { ...place, depth: place.depth + 1 }) : undefined
    }
    const inner = { ...place, depth: place.depth + 2 }
    if (kind === 'list') {
      if (!Array.isArray(value) || value.length === 0 || !value.every(isSchema)) return undefined
      return value.map((member) => this.schema(member, inner))
    }
    if (!isJsonObject(value)) return undefined
    const members: JsonObject = {}
    for (const [name, member] of Object.entries(value)) {
      if (!isUnspeakable(name)) members[name] = isSchema(member) ? this.schema(member, inner) : true
    }
    return members
  }

  private reference(cleaned: JsonObject, ref: JsonValue, place: Place): void {
    const name = definitionName(ref)
    if (name === null || isUnspeakable(name)) return
    if (!Object.hasOwn(this.options.defs, name)) return
    if (place.isRootValue && this.options.brokenRefs.has(name)) return
    this.refs.add(name)
    if (place.isRootValue) this.inPlaceRefs.add(name)
    cleaned.$ref = referenceTo(name)
  }

  private required(cleaned: JsonObject, schema: JsonObject, { scope }: Place): void {
    const names = new Set(stringsOf(schema.required))
    const kept = [...names].filter(
      (name) =>
        !isUnspeakable(name) &&
        !this.readOnlyNames(schema).has(name) &&
        !this.readOnlyNames(scope).has(name),
    )
    if (kept.length > 0) cleaned.required = kept
  }

  /** A pattern that goes takes the rule for other names with it, or it would refuse its names. */
  private patternMembers(cleaned: JsonObject, schema: JsonObject, place: Place): void {
    const { patternProperties } = schema
    if (!isJsonObject(patternProperties)) return
    const kept = Object.entries(patternProperties).filter(([pattern]) => this.isPattern(pattern))
    const isAll = kept.length === Object.keys(patternProperties).length
    const inner = innerPlace('patternProperties', place)
    const members = this.children(Object.fromEntries(kept), 'map', inner)
    if (members !== undefined && kept.length > 0) cleaned.patternProperties = members
    if (!isAll) cleaned[lostMembers] = true
  }

  private isPattern(pattern: JsonValue): boolean {
    if (typeof pattern !== 'string' || weightOf(pattern) === null) return false
    this.patterns.add(pattern)
    return true
  }

  private withFile(schema: JsonObject, cleaned: JsonObject): JsonObject {
    if (cleaned[lostMembers] === true) {
      for (const key of [lostMembers, 'additionalProperties', 'unevaluatedProperties'])
        delete cleaned[key]
    }
    const { fileDefinition } = this.options
    if (fileDefinition === null || !isBinary(schema)) return cleaned
    this.subschemas += 2
    this.refs.add(fileDefinition)
    const { xml } = cleaned
    return {
      ...(xml === undefined ? {} : { xml }),
      anyOf: [cleaned, { $ref: referenceTo(fileDefinition) }],
    }
  }
}

/** Marks a schema some of whose properties or patterns are gone; no keyword has this name. */
const lostMembers = '\0members'

const start = (scope: ApiSchema): Place => ({
  depth: 1,
  chain: 0,
  isRootValue: true,
  scope,
  isTurned: false,
})

function innerPlace(keyword: string, place: Place): Place {
  const isTurned = place.isTurned || keyword === 'not' || keyword === 'if'
  return inPlace.has(keyword)
    ? { ...place, chain: place.chain + 1, isTurned }
    : { ...start(true), depth: place.depth, isRootValue: false, isTurned }
}

/**
 * `oneOf` as `anyOf`: documents write it where forms overlap, as OpenAPI's own example does (OpenAPI
 * 3.0 §4.7.24.2.1), so that a value would fit none for fitting several; servers take it.
 */
function someOf(cleaned: JsonObject): JsonObject {
  const { oneOf, ...rest } = cleaned
  if (oneOf === undefined) return cleaned
  if (rest.anyOf === undefined) return { ...rest, anyOf: oneOf }
  const parts = Array.isArray(rest.allOf) ? rest.allOf : []
  return { ...rest, allOf: [...parts, { anyOf: oneOf }] }
}

function isBoundedList(value: JsonValue): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_VALUES) return false
  return value.every((item) => typeof item !== 'object' || item === null) || isBoundedValue(value)
}

function isBoundedValue(value: JsonValue): boolean {
  const text = JSON.stringify(value)
  return text.length <= MAX_VALUE_CHARS && nesting(text) <= 8
}

function nesting(text: string): number {
  let depth = 0
  let deepest = 0
  for (const character of text) {
    if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth)
    else if (character === '}' || character === ']') depth--
  }
  return deepest
}

const weights = new Map<string, number | null>()
const MAX_WEIGHTS = 5000

/** What compiling a pattern costs the validator; null for one it refuses. */
export function weightOf(pattern: string): number | null {
  const known = weights.get(pattern)
  if (known !== undefined) return known
  let weight: number | null
  try {
    weight = compilePattern(pattern).weight
  } catch {
    weight = null
  }
  if (weights.size < MAX_WEIGHTS) weights.set(pattern, weight)
  return weight
}
