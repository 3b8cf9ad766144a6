import { AppError } from '../../../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts'
import { cut, quote } from '../describe.ts'
import { compilePattern, type Pattern } from '../pattern/compile_pattern.ts'
import { PatternError } from '../pattern/pattern_error.ts'
import { escapeSegment } from '../run.ts'
import { isSchema, type Schema, stringOf, stringsOf } from '../schema_values.ts'
import { type Children, type Dialect, dialectOf, type Keyword } from './dialect.ts'
import { Identifiers } from './identifiers.ts'
import { Problems, tooComplex } from './problems.ts'
import { type PendingReference, resolveReference } from './references.ts'
import type { ReferenceTarget, SchemaDocument, SchemaPlace } from './schema_document.ts'

/** How large a schema may be. */
export interface SchemaLimits {
  /** Most subschemas a document may have; 2,000 unless told. */
  readonly maxSubschemas?: number
}

const MAX_SUBSCHEMAS = 2000
/** Deepest nesting of arrays and objects in a document. */
const MAX_DEPTH = 64
/** Most work the patterns of a document may take to compile (`Pattern.weight`), about 25 ms. */
const MAX_PATTERN_WEIGHT = 20_000

/**
 * Reads a schema as a document of its own: checks every keyword, finds every resource and anchor,
 * and resolves every reference inside it. Nothing is ever fetched (reliability.md case 153).
 * @throws AppError schema_too_complex, remote_ref, or validation_failed with pointers into it
 */
export function readDocument(root: Schema, limits: SchemaLimits = {}): SchemaDocument {
  checkDepth(root)
  const dialect = dialectOf(isJsonObject(root) ? root.$schema : undefined)
  if (dialect === undefined) throw unknownDialect(root)
  return new DocumentReader(dialect, limits).read(root)
}

/**
 * Refuses a schema that is nested too deep.
 * @throws AppError schema_too_complex
 */
export function checkDepth(value: JsonValue, depth = 1): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH) throw tooComplex(`It is nested deeper than ${MAX_DEPTH} levels.`)
  if (Array.isArray(value)) for (const item of value) checkDepth(item, depth + 1)
  else if (isJsonObject(value)) for (const key in value) checkDepth(value[key] ?? null, depth + 1)
}

class DocumentReader {
  private readonly places = new Map<JsonObject, SchemaPlace>()
  private readonly refs = new Map<JsonObject, ReferenceTarget>()
  private readonly dynamicRefs = new Map<JsonObject, ReferenceTarget>()
  private readonly patterns = new Map<string, Pattern>()
  private readonly pending: PendingReference[] = []
  private readonly problems = new Problems()
  private readonly identifiers: Identifiers
  private readonly dialect: Dialect
  private readonly maxSubschemas: number
  private subschemas = 0
  private patternWeight = 0

  constructor(dialect: Dialect, { maxSubschemas = MAX_SUBSCHEMAS }: SchemaLimits) {
    this.maxSubschemas = maxSubschemas
    this.dialect = dialect
    this.identifiers = new Identifiers(dialect, this.problems)
  }

  read(root: Schema): SchemaDocument {
    this.schema(root, this.identifiers.root(root))
    // Following a reference may find subschemas, and with them references, no keyword leads to.
    for (let next = this.pending.shift(); next; next = this.pending.shift()) this.follow(next)
    this.problems.throwAny()
    const { dialect, places, refs, dynamicRefs, patterns } = this
    return { root, dialect, places, refs, dynamicRefs, patterns }
  }

  private schema(schema: Schema, at: SchemaPlace): void {
    if (++this.subschemas > this.maxSubschemas) {
      throw tooComplex(`It has more than ${this.maxSubschemas} subschemas.`)
    }
    if (typeof schema === 'boolean' || this.places.has(schema)) return
    const isOnlyRef = this.dialect.name === 'draft-07' && typeof schema.$ref === 'string'
    const place = isOnlyRef ? at : this.identifiers.note(schema, at)
    this.places.set(schema, place)
    for (const name of isOnlyRef ? ['$ref'] : Object.keys(schema)) {
      const keyword = this.dialect.keywords.get(name)
      const pointer = `${place.pointer}/${escapeSegment(name)}`
      if (keyword !== undefined) this.keyword(schema[name] ?? null, keyword, { ...place, pointer })
    }
    this.reference(schema, place)
  }

  /** `at` is the place of the keyword's value. */
  private keyword(value: JsonValue, keyword: Keyword, at: SchemaPlace): void {
    const problem = keyword.shape?.(value)
    if (problem !== undefined) {
      const name = at.pointer.slice(at.pointer.lastIndexOf('/') + 1)
      this.problems.add(at.pointer, `"${name}" ${problem}.`)
      return
    }
    if (keyword.isPattern === true) this.pattern(value, at.pointer)
    if (keyword.children !== undefined) this.children(value, keyword.children, at)
  }

  private pattern(value: JsonValue, pointer: string): void {
    const sources = isJsonObject(value) ? Object.keys(value) : [stringOf(value) ?? '']
    for (const source of sources) {
      if (this.patterns.has(source)) continue
      try {
        const compiled = compilePattern(source)
        this.patterns.set(source, compiled)
        this.patternWeight += compiled.weight
      } catch (error) {
        if (!(error instanceof PatternError)) throw error
        this.patternWeight += source.length
        const what = `The pattern ${cut(source, 80)} is not accepted.`
        this.problems.add(pointer, `${what} ${error.message}`)
      }
      if (this.patternWeight <= MAX_PATTERN_WEIGHT) continue
      throw tooComplex('Its regular expressions are too many or too large.', pointer)
    }
  }

  private children(value: JsonValue, children: Children, at: SchemaPlace): void {
    if (children === 'schema' || (children === 'schema_or_list' && !Array.isArray(value))) {
      if (isSchema(value)) return this.schema(value, at)
      const hint = Array.isArray(value) && at.pointer.endsWith('/items') ? ITEMS_HINT : ''
      return this.problems.add(at.pointer, NO_SCHEMA + hint)
    }
    if (children === 'map' || children === 'map_or_names') {
      if (isJsonObject(value)) return this.members(value, children, at)
      return this.problems.add(at.pointer, 'An object of schemas must stand here.')
    }
    const isList = Array.isArray(value) && (value.length > 0 || children !== 'list')
    if (isList) return this.members(value, children, at)
    this.problems.add(at.pointer, 'A non-empty array of schemas must stand here.')
  }

  private members(members: JsonValue[] | JsonObject, children: Children, at: SchemaPlace): void {
    for (const [key, member] of Object.entries(members)) {
      const pointer = `${at.pointer}/${escapeSegment(key)}`
      if (isSchema(member)) this.schema(member, { ...at, pointer })
      else if (children !== 'map_or_names' || !isNames(member)) {
        this.problems.add(pointer, NO_SCHEMA)
      }
    }
  }

  private reference(schema: JsonObject, place: SchemaPlace): void {
    const keywords = this.dialect.name === 'draft-07' ? ['$ref'] : ['$ref', '$dynamicRef']
    for (const keyword of keywords) {
      const ref = schema[keyword]
      if (typeof ref === 'string') this.pending.push({ schema, keyword, ref, place })
    }
  }

  private follow(reference: PendingReference): void {
    const { schema, keyword, ref, place } = reference
    const pointer = `${place.pointer}/${keyword}`
    const found = resolveReference(reference, this.identifiers.resources)
    if (found === 'remote') {
      const what = `${quote(ref)} is not in this document`
      this.problems.addRemote(pointer, `${what}; a schema must hold all it refers to.`)
    } else if (found === 'dangling') {
      this.problems.add(pointer, `${quote(ref)} points to no schema in this document.`)
    } else {
      const targets = keyword === '$ref' ? this.refs : this.dynamicRefs
      targets.set(schema, this.entered(found.target, found.pointer))
    }
  }

  /** Reads a target no keyword leads to, and answers it with the resource it belongs to. */
  private entered(target: ReferenceTarget, pointer: string): ReferenceTarget {
    const { schema, resource } = target
    if (typeof schema === 'boolean') return target
    if (!this.places.has(schema)) this.schema(schema, { pointer, resource })
    return { ...target, resource: this.places.get(schema)?.resource ?? resource }
  }
}

const NO_SCHEMA = 'A schema must stand here: an object, true or false.'
const ITEMS_HINT = ' One schema per position is "prefixItems" (an array here is draft-07).'

const isNames = (value: JsonValue) =>
  Array.isArray(value) && stringsOf(value).length === value.length

function unknownDialect(root: Schema): AppError {
  const named = isJsonObject(root) ? quote(root.$schema ?? null) : ''
  const message = `"$schema" is ${named}; accepted are JSON Schema 2020-12 and draft-07.`
  return new AppError('remote_ref', { errors: [{ pointer: '/$schema', message }] })
}
