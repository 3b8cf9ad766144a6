import type { JsonObject } from '../../lib/json.ts'
import type { ApiSchema } from '../api_document.ts'
import { type CleanSchema, cleanSchema, weightOf } from './clean_schema.ts'
import type { SchemaDefs } from './declared_names.ts'
import { DefinitionBook } from './definition_book.ts'
import { fileRules } from './file_form.ts'
import type { SchemaFinding } from './portable_schema.ts'

/** What the original rules depend on besides the schema itself. */
export interface OriginalContext {
  /** `ApiDocument.defs`: pass the same object every time, results are kept by it. */
  readonly defs: SchemaDefs
  /** Whether a binary string may also be given as a file object: in bodies but JSON ones. */
  readonly hasFiles: boolean
}

/** `RequestMap.schema` and what had to be relaxed in it. */
export interface OriginalSchema {
  readonly schema: JsonObject
  readonly findings: readonly SchemaFinding[]
}

// The validator takes 2,000 schemas, 64 levels and patterns of weight 20,000 (`compileSchema`).
const MAX_SUBSCHEMAS = 1900
const MAX_PATTERN_WEIGHT = 18_000
const MAX_BYTES = 240 * 1024
/** Deepest nesting tried for the schemas given, then ever less until they fit. */
const DEPTHS = [56, 40, 28, 20, 14, 10, 7, 5, 3, 2]

/**
 * `RequestMap.schema`: the document's own rules, self-contained, without prose, and always
 * compilable by `compileSchema`: what that would refuse is relaxed, the deepest first where there
 * is too much. `required` names that are `readOnly` are not required. `oneOf` is written as
 * `anyOf`: a value that fits several forms is one that servers take. Put the schemas of the
 * document as they are into one object schema and give that: `{type: 'object', properties: {query:
 * {type: 'object', properties: {…ApiSchema}}, body: ApiSchema}, required, additionalProperties:
 * false}`; the `$defs` it needs are added. A file place takes a string or the shared definition of
 * file objects.
 */
export function originalSchema(root: JsonObject, context: OriginalContext): OriginalSchema {
  const book = DefinitionBook.of(context.defs, context.hasFiles)
  const start = cutToFit(root, book)
  const closure = new Closure(book, start)
  const definitions = closure.definitions()
  const schema = typeof start.schema === 'boolean' ? { type: 'object' } : start.schema
  const hasDefinitions = Object.keys(definitions).length > 0
  return {
    schema: hasDefinitions ? { ...schema, $defs: definitions } : schema,
    findings: relaxed(closure.relaxedCount + (start.isCut ? 1 : 0)),
  }
}

function cutToFit(root: JsonObject, book: DefinitionBook): CleanSchema {
  let cleaned = cleanSchema(root, { ...book.options, maxDepth: DEPTHS[0] ?? 1 })
  for (const maxDepth of DEPTHS.slice(1)) {
    if (cleaned.subschemas + cleaned.refs.size <= MAX_SUBSCHEMAS) return cleaned
    cleaned = cleanSchema(root, { ...book.options, maxDepth })
  }
  return cleaned
}

/** The definitions a schema needs, the nearest first, as far as the validator takes them. */
class Closure {
  relaxedCount = 0
  private readonly book: DefinitionBook
  private readonly reached: Set<string>
  private readonly patterns = new Set<string>()
  private subschemasLeft: number
  private bytesLeft = MAX_BYTES
  private weightLeft = MAX_PATTERN_WEIGHT

  constructor(book: DefinitionBook, start: CleanSchema) {
    this.book = book
    this.reached = new Set(start.refs)
    this.subschemasLeft = MAX_SUBSCHEMAS - start.subschemas - start.refs.size
    for (const pattern of start.patterns) this.weigh(pattern)
  }

  definitions(): JsonObject {
    const definitions: JsonObject = {}
    // A set may grow while it is walked.
    for (const name of this.reached) {
      definitions[name] = name === this.book.fileDefinition ? fileRules : this.definition(name)
    }
    return definitions
  }

  private definition(name: string): ApiSchema {
    const whole = this.book.definition(name)
    if (this.take(whole, whole.bytes)) return whole.schema
    this.relaxedCount++
    for (const maxDepth of DEPTHS.slice(2)) {
      const part = this.book.cut(name, maxDepth)
      if (part.subschemas * 2 <= this.subschemasLeft && this.take(part, part.bytes))
        return part.schema
    }
    return true
  }

  private take(cleaned: CleanSchema, bytes: number): boolean {
    const refs = [...cleaned.refs].filter((ref) => !this.reached.has(ref))
    // Every definition is a schema, even where it becomes `true`.
    const subschemas = cleaned.subschemas + refs.length
    if (subschemas > this.subschemasLeft || bytes > this.bytesLeft) return false
    const fresh = [...cleaned.patterns].filter((pattern) => !this.patterns.has(pattern))
    const weight = fresh.reduce((sum, pattern) => sum + (weightOf(pattern) ?? 0), 0)
    if (weight > this.weightLeft) return false
    for (const pattern of fresh) this.weigh(pattern)
    this.subschemasLeft -= subschemas
    this.bytesLeft -= bytes
    for (const ref of refs) this.reached.add(ref)
    return true
  }

  private weigh(pattern: string): void {
    this.patterns.add(pattern)
    this.weightLeft -= weightOf(pattern) ?? 0
  }
}

function relaxed(count: number): SchemaFinding[] {
  if (count === 0) return []
  const parts = count === 1 ? 'One part' : `${count} parts`
  return [
    {
      code: 'schema_relaxed',
      reason: `${parts} of the schema take any value, since the whole is larger than can be checked.`,
      fix: 'Nothing needs to be done: the API itself checks what is sent there.',
    },
  ]
}
