import type { JsonObject } from '../../lib/json.ts'
import type { ApiSchema } from '../api_document.ts'
import type { AliasBook } from './alias_book.ts'
import type { SchemaDefs } from './declared_names.ts'
import { PortableWriter } from './portable_writer.ts'
import { definitionName } from './schema_reference.ts'
import { bytesOf } from './write_forms.ts'

/** What a portable schema depends on besides the schema itself. */
export interface PortableContext {
  /** `ApiDocument.defs`: pass the same object every time, results are kept by it. */
  readonly defs: SchemaDefs
  /**
   * The names models see. Null where nothing un-aliases (parameters, outputs): properties that would
   * need an alias are then left to `additionalProperties`.
   */
  readonly aliases: AliasBook | null
  /** Most bytes of the schema's JSON; below 400 counts as 400. */
  readonly maxBytes: number
  /** Arguments (without what is `readOnly`) or answers (without what is `writeOnly`). */
  readonly isInput: boolean
  /** Whether a binary string is a file: in bodies but JSON ones. */
  readonly hasFiles: boolean
  /**
   * Whether it stands at the top of a tool, where no union may be: alternatives of objects become one
   * object. The answer is of `type: object` only where the schema is.
   */
  readonly isTop: boolean
}

/** A schema that every model API and MCP client takes; shared between calls, so never changed. */
export interface PortableSchema {
  readonly schema: JsonObject
  /** What was simplified, each once for the whole schema; empty for a faithful one. */
  readonly findings: readonly SchemaFinding[]
}

/** Something that was simplified; `ImportFinding` without its place. */
export interface SchemaFinding {
  /** `schema_collapsed`, `schema_relaxed`. */
  readonly code: string
  /** What the matter is, in one sentence. */
  readonly reason: string
  /** What to do about it, in one sentence. */
  readonly fix: string
}

/**
 * A schema in the one dialect that the model APIs and MCP clients share: inlined, one `type` per
 * schema, alternatives as `anyOf` of such, strings alone enumerated, every array with `items`. It
 * only relaxes and renames: a value valid for the original is valid for it once its names are
 * aliased, but for arrays in arrays where anything goes (`anyForm`). Two things are read as they
 * are meant: keywords without a `type` speak of the type they belong to, and a property that forms
 * of a union share has the rules of its forms. It is filled breadth first until `maxBytes`; what
 * does not fit is an open object that names its fields, as is what nests in itself more than twice.
 * The time is bounded by `maxBytes`, whatever the schema.
 */
export function portableSchema(schema: ApiSchema, context: PortableContext): PortableSchema {
  const key = keyOf(schema, context)
  if (key === null) return write(schema, context)
  let results = byDefs.get(context.defs)
  if (results === undefined) {
    results = new Map()
    byDefs.set(context.defs, results)
  }
  const { maxBytes } = context
  const known = results.get(key)
  if (known !== undefined && known.bytes <= maxBytes && known.enoughBytes >= maxBytes) {
    return known.result
  }
  const result = write(schema, context)
  // One that lacks nothing serves under any larger bound, too.
  const isWhole = result.findings.length === 0
  results.set(key, {
    result,
    bytes: isWhole ? bytesOf(result.schema) : maxBytes,
    enoughBytes: isWhole ? Infinity : maxBytes,
  })
  return result
}

/** A result, and the bounds it is the answer to. */
interface Known {
  readonly result: PortableSchema
  readonly bytes: number
  readonly enoughBytes: number
}

const byDefs = new WeakMap<SchemaDefs, Map<string, Known>>()

/** What the result for a mere reference depends on; null for other schemas, and with aliases. */
function keyOf(schema: ApiSchema, { aliases, ...context }: PortableContext): string | null {
  if (typeof schema === 'boolean' || Object.keys(schema).length !== 1) return null
  const name = definitionName(schema.$ref)
  if (name === null || aliases?.isEmpty === false) return null
  const { isInput, hasFiles, isTop } = context
  return `${aliases === null} ${isInput} ${hasFiles} ${isTop} ${name}`
}

function write(schema: ApiSchema, context: PortableContext): PortableSchema {
  const writer = new PortableWriter(context)
  const written = writer.write(schema)
  return { schema: written, findings: collapsed(writer.collapsedCount, context.maxBytes) }
}

function collapsed(count: number, maxBytes: number): SchemaFinding[] {
  if (count === 0) return []
  const places = count === 1 ? '1 nested object is' : `${count} nested objects are`
  return [
    {
      code: 'schema_collapsed',
      reason: `${places} shown to models without the fields, to stay within ${maxBytes} bytes and a bounded depth.`,
      fix: 'Nothing needs to be done: any value the document allows is accepted there. Hide or bind parameters to make room for more.',
    },
  ]
}
