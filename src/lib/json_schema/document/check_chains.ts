import { AppError } from '../../../errors.ts'
import type { JsonObject } from '../../json.ts'
import { type Schema, schemaEntriesOf, schemaOf, schemasOf } from '../schema_values.ts'
import { tooComplex } from './problems.ts'
import type { SchemaDocument } from './schema_document.ts'

/** Longest chain of schemas that all look at the same value, one inside the other. */
const MAX_CHAIN = 100

/**
 * Refuses a schema that can look at one value for ever (`$ref` to itself, directly or through
 * allOf and its like), or through so many schemas that the stack could not hold them.
 * @throws AppError validation_failed or schema_too_complex
 */
export function checkChains(document: SchemaDocument): void {
  const chains = new Chains(document)
  for (const schema of document.places.keys()) chains.lengthFrom(schema)
}

class Chains {
  private readonly lengths = new Map<JsonObject, number>()
  private readonly open = new Set<JsonObject>()
  private readonly document: SchemaDocument

  constructor(document: SchemaDocument) {
    this.document = document
  }

  /** How many schemas the longest chain from here has. */
  lengthFrom(schema: Schema): number {
    if (typeof schema === 'boolean') return 1
    const known = this.lengths.get(schema)
    if (known !== undefined) return known
    if (this.open.has(schema)) throw this.refuse(schema)
    this.open.add(schema)
    let longest = 0
    for (const next of this.inPlace(schema)) longest = Math.max(longest, this.lengthFrom(next))
    this.open.delete(schema)
    this.lengths.set(schema, longest + 1)
    if (longest < MAX_CHAIN) return longest + 1
    const pointer = this.document.places.get(schema)?.pointer
    throw tooComplex(`More than ${MAX_CHAIN} schemas apply one inside the other.`, pointer)
  }

  private refuse(schema: JsonObject): AppError {
    const pointer = this.document.places.get(schema)?.pointer ?? ''
    const message = 'This schema applies itself to the same value without end.'
    return new AppError('validation_failed', { errors: [{ pointer, message }] })
  }

  /** The schemas that are applied to the same value as this one. */
  private inPlace(schema: JsonObject): Schema[] {
    const { refs, dynamicRefs, dialect } = this.document
    const targets = [refs.get(schema)?.schema, dynamicRefs.get(schema)?.schema]
    const found = targets.filter((target) => target !== undefined)
    if (dialect.name === 'draft-07' && typeof schema.$ref === 'string') return found
    for (const keyword of ['not', 'if', 'then', 'else']) {
      const child = schemaOf(schema[keyword])
      if (child !== undefined) found.push(child)
    }
    for (const keyword of ['allOf', 'anyOf', 'oneOf'])
      found.push(...(schemasOf(schema[keyword]) ?? []))
    for (const keyword of ['dependentSchemas', 'dependencies']) {
      found.push(...schemaEntriesOf(schema[keyword]).map(([, child]) => child))
    }
    return found
  }
}
