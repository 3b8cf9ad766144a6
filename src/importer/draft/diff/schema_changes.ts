import { canonicalJson } from '../../../lib/canonical_json.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'
import { definitionName } from '../../schema/schema_reference.ts'
import { type FieldChange, fieldChange } from './field_change.ts'
import { isNarrower } from './is_narrower.ts'
import { rulesText } from './rules_text.ts'

/** The same place in two versions of a schema; undefined where one has it not. */
export interface SchemaPair {
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
}

/** A member of this name in both, whatever every object inherits. */
export function ownPair(before: JsonObject, after: JsonObject, name: string): SchemaPair {
  const own = (object: JsonObject) => (Object.hasOwn(object, name) ? object[name] : undefined)
  return { before: own(before), after: own(after) }
}

/** A member of an object in two versions. */
export interface Member {
  readonly field: string
  readonly pair: SchemaPair
  readonly isRequired: { readonly before: boolean; readonly after: boolean }
}

/** The whole schemas, whose `$defs` a `$ref` names. */
export interface SchemaRoots {
  readonly before: JsonObject
  readonly after: JsonObject
}

/** Deeper than this a change is told as one of what holds it. */
const MAX_DEPTH = 8
const MAX_CHANGES = 200

/**
 * How a member of the arguments changed, and what is below it. Dangerous where a value that was right
 * is no longer: the member is gone or newly required, or a rule is narrower.
 */
export function memberChanges(member: Member, roots: SchemaRoots): FieldChange[] {
  const walk = new Walk(roots)
  walk.member(member, 0)
  return walk.changes
}

class Walk {
  readonly changes: FieldChange[] = []
  private readonly roots: SchemaRoots
  private readonly seen = new Set<string>()

  constructor(roots: SchemaRoots) {
    this.roots = roots
  }

  member({ field, pair, isRequired }: Member, depth: number): void {
    const { before, after } = pair
    if (before === undefined || after === undefined) {
      const isDangerous = after === undefined || isRequired.after
      const [old, fresh] = [this.text(pair, 'before'), this.text(pair, 'after')]
      this.add({
        ...fieldChange(field, old, fresh && withNeed(fresh, isRequired.after)),
        isDangerous,
      })
      return
    }
    if (isRequired.before !== isRequired.after) {
      const need = fieldChange(`${field}.required`, `${isRequired.before}`, `${isRequired.after}`)
      this.add({ ...need, isDangerous: isRequired.after })
    }
    this.schema(field, pair, depth)
  }

  private add(change: FieldChange): void {
    if (this.changes.length < MAX_CHANGES) this.changes.push(change)
  }

  private text(pair: SchemaPair, side: 'before' | 'after'): string | null {
    const schema = pair[side]
    return schema === undefined ? null : rulesText(resolve(schema, this.roots[side]))
  }

  private schema(field: string, pair: SchemaPair, depth: number): void {
    if (this.isVisited(pair)) return
    const before = resolve(pair.before, this.roots.before)
    const after = resolve(pair.after, this.roots.after)
    const [old, fresh] = [ownRules(before), ownRules(after)]
    if (canonicalJson(old) !== canonicalJson(fresh)) {
      const change = fieldChange(field, rulesText(before), rulesText(after))
      this.add({ ...change, isDangerous: isNarrower(old, fresh) })
    }
    if (depth >= MAX_DEPTH || !isJsonObject(before) || !isJsonObject(after)) return
    this.members(field, { before, after }, depth + 1)
    for (const keyword of ['items', 'additionalProperties'] as const) {
      const below = { before: before[keyword], after: after[keyword] }
      if (isJsonObject(below.before) && isJsonObject(below.after)) {
        this.schema(`${field}${keyword === 'items' ? '[]' : '.*'}`, below, depth + 1)
      }
    }
    this.alternatives(field, { before, after }, depth + 1)
  }

  private members(field: string, { before, after }: SchemaRoots, depth: number): void {
    const [old, fresh] = [objectOf(before['properties']), objectOf(after['properties'])]
    const needed = { before: listOf(before['required']), after: listOf(after['required']) }
    for (const name of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
      const isRequired = {
        before: needed.before.includes(name),
        after: needed.after.includes(name),
      }
      const pair = ownPair(old, fresh, name)
      this.member({ field: `${field}.${name}`, pair, isRequired }, depth)
    }
  }

  /** Alternatives are compared place by place; their number is among the own rules. */
  private alternatives(field: string, { before, after }: SchemaRoots, depth: number): void {
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
      const [old, fresh] = [listOf(before[keyword]), listOf(after[keyword])]
      if (old.length !== fresh.length) continue
      for (const [index, part] of old.entries()) {
        this.schema(field, { before: part, after: fresh[index] }, depth)
      }
    }
  }

  /** Whether a pair of references has been compared, as in recursive schemas it has. */
  private isVisited({ before, after }: SchemaPair): boolean {
    const [old, fresh] = [referenceOf(before), referenceOf(after)]
    if (old === null || fresh === null) return false
    const key = `${old}\n${fresh}`
    const isKnown = this.seen.has(key)
    this.seen.add(key)
    return isKnown
  }
}

const withNeed = (text: string, isRequired: boolean) => (isRequired ? `${text}, required` : text)
const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {})
const listOf = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : [])
const referenceOf = (schema: JsonValue | undefined): string | null =>
  isJsonObject(schema) ? definitionName(schema['$ref']) : null

function resolve(schema: JsonValue | undefined, root: JsonObject): JsonValue {
  const defs = objectOf(root['$defs'])
  let at = schema
  for (let step = 0; step < 32; step++) {
    const name = referenceOf(at)
    if (name === null) break
    at = defs[name]
  }
  return at ?? true
}

const elsewhere = new Set([
  'properties',
  'required',
  'items',
  '$defs',
  '$ref',
  'description',
  'title',
])

/** The rules of a schema itself: of what is walked on its own only that, or how much of it, is there. */
function ownRules(schema: JsonValue): JsonValue {
  if (!isJsonObject(schema)) return schema
  const rules: JsonObject = {}
  for (const [name, value] of Object.entries(schema)) {
    if (elsewhere.has(name)) continue
    const isParts = ['allOf', 'anyOf', 'oneOf'].includes(name) && Array.isArray(value)
    if (isParts) rules[name] = value.length
    else if (name === 'additionalProperties' && isJsonObject(value)) rules[name] = 'schema'
    else rules[name] = value
  }
  return rules
}
