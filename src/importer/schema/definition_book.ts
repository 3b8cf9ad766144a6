import type { ApiSchema } from '../api_document.ts'
import { type CleaningOptions, type CleanSchema, cleanSchema } from './clean_schema.ts'
import type { SchemaDefs } from './declared_names.ts'
import { shapesOf } from './read_shapes.ts'

/** A definition ready for `RequestMap.schema`. */
export interface CleanDefinition extends CleanSchema {
  /** Bytes of its JSON. */
  readonly bytes: number
}

const MAX_DEPTH = 54
/** Longest chain of schemas that all look at one value; `compileSchema` takes 100. */
const MAX_CHAIN = 60
/** Most definitions that refer to one another in a chain before it is cut. */
const MAX_OPEN = 500

/** How many schemas look at the value of a definition, and which references would not end. */
interface Chain {
  readonly length: number
  readonly brokenRefs: ReadonlySet<string>
}

interface Books {
  readonly plain: DefinitionBook
  readonly withFiles: DefinitionBook
}

const byDefs = new WeakMap<SchemaDefs, Books>()

/** The definitions of a document, each cleaned once. */
export class DefinitionBook {
  readonly options: CleaningOptions
  /** The name file objects go by; null where binary strings are no files. */
  readonly fileDefinition: string | null
  private readonly known = new Map<string, CleanDefinition>()
  private readonly chains = new Map<string, Chain>()
  private readonly open = new Set<string>()

  /** The book of a document, kept as long as its `defs` are. */
  static of(defs: SchemaDefs, hasFiles: boolean): DefinitionBook {
    let books = byDefs.get(defs)
    if (books === undefined) {
      books = { plain: new DefinitionBook(defs, false), withFiles: new DefinitionBook(defs, true) }
      byDefs.set(defs, books)
    }
    return hasFiles ? books.withFiles : books.plain
  }

  private constructor(defs: SchemaDefs, hasFiles: boolean) {
    let name = 'file'
    while (Object.hasOwn(defs, name)) name += '_'
    this.fileDefinition = hasFiles ? name : null
    const shapes = shapesOf(defs)
    const { fileDefinition } = this
    this.options = { defs, shapes, fileDefinition, brokenRefs: new Set(), maxDepth: MAX_DEPTH }
  }

  /** A definition the document has; what leads back to itself for the same value is left out. */
  definition(name: string): CleanDefinition {
    const known = this.known.get(name)
    if (known !== undefined) return known
    const { brokenRefs } = this.chainOf(name)
    const definition = measured(cleanSchema(this.schema(name), { ...this.options, brokenRefs }))
    this.known.set(name, definition)
    return definition
  }

  /** A definition cut off at a depth. */
  cut(name: string, maxDepth: number): CleanDefinition {
    const { brokenRefs } = this.chainOf(name)
    return measured(cleanSchema(this.schema(name), { ...this.options, brokenRefs, maxDepth }))
  }

  private chainOf(name: string): Chain {
    const known = this.chains.get(name)
    if (known !== undefined) return known
    this.open.add(name)
    const { inPlaceRefs, chain } = cleanSchema(this.schema(name), this.options)
    const brokenRefs = new Set<string>()
    let longest = 0
    for (const ref of inPlaceRefs) {
      const isCycle = this.open.has(ref) || this.open.size > MAX_OPEN
      const length = isCycle || ref === this.fileDefinition ? 0 : this.chainOf(ref).length
      if (isCycle || chain + length + 1 > MAX_CHAIN) brokenRefs.add(ref)
      else longest = Math.max(longest, length + 1)
    }
    this.open.delete(name)
    const found = { length: chain + longest, brokenRefs }
    this.chains.set(name, found)
    return found
  }

  private schema(name: string): ApiSchema {
    return this.options.defs[name] ?? true
  }
}

const measured = (cleaned: CleanSchema): CleanDefinition => ({
  ...cleaned,
  bytes: JSON.stringify(cleaned.schema).length,
})
