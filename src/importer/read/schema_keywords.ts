import { isJsonObject, type JsonValue } from '../../lib/json.ts'
import { compilePattern } from '../../lib/json_schema/pattern/compile_pattern.ts'

/** What the value of a keyword is. */
export type KeywordKind =
  | 'schema'
  | 'schema_list'
  | 'schema_map'
  | 'number'
  | 'positive'
  | 'count'
  | 'boolean'
  | 'text'
  | 'pattern'
  | 'required'
  | 'enum'
  | 'type'
  | 'items'
  | 'dependent_required'
  | 'dependencies'
  | 'dropped'

const kinds = new Map<string, KeywordKind>()
const words = (kind: KeywordKind, keywords: string) => {
  for (const keyword of keywords.split(' ')) kinds.set(keyword, kind)
}
words(
  'schema',
  'additionalProperties unevaluatedProperties unevaluatedItems contains propertyNames',
)
words('schema', 'not if then else contentSchema additionalItems')
words('schema_list', 'allOf anyOf oneOf prefixItems')
words('schema_map', 'properties patternProperties dependentSchemas')
words('number', 'minimum maximum exclusiveMinimum exclusiveMaximum')
words('positive', 'multipleOf')
words('count', 'minLength maxLength minItems maxItems minProperties maxProperties')
words('count', 'minContains maxContains')
words('boolean', 'uniqueItems deprecated readOnly writeOnly')
words('text', 'format title description contentEncoding contentMediaType')
words('pattern', 'pattern')
words('required', 'required')
words('enum', 'enum')
words('type', 'type')
words('items', 'items')
words('dependent_required', 'dependentRequired')
words('dependencies', 'dependencies')
words(
  'dropped',
  '$defs definitions $id $schema $anchor $dynamicAnchor $recursiveAnchor $vocabulary',
)
words('dropped', '$comment nullable x-nullable $ref $dynamicRef $recursiveRef')

/** What is known of a keyword; undefined for one that stands as it is. */
export function keywordKind(keyword: string): KeywordKind | undefined {
  return kinds.get(keyword)
}

/** The value a plain keyword has in 2020-12; undefined where it makes no sense. */
export function plainValue(kind: KeywordKind, value: JsonValue): JsonValue | undefined {
  if (kind === 'number') return numberOf(value)
  if (kind === 'positive') return positive(value)
  if (kind === 'count') return countOf(value)
  if (kind === 'boolean') return booleanOf(value)
  if (kind === 'text') return textOf(value)
  if (kind === 'pattern') return patternOf(value)
  if (kind === 'required') return namesOf(value)
  if (kind === 'dependent_required') return namesByName(value)
  return value
}

/** Whether nothing is lost without this value, so that nobody need be told. */
export function isHarmless(kind: KeywordKind, value: JsonValue): boolean {
  if (value === null) return true
  return kind === 'required' && (typeof value === 'boolean' || value === '')
}

function numberOf(value: JsonValue): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

function positive(value: JsonValue): number | undefined {
  const number = numberOf(value)
  return number !== undefined && number > 0 ? number : undefined
}

function countOf(value: JsonValue): number | undefined {
  const number = numberOf(value)
  return number !== undefined && number >= 0 && Number.isInteger(number) ? number : undefined
}

function booleanOf(value: JsonValue): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (value === 'true') return true
  return value === 'false' ? false : undefined
}

function textOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

const usable = new Map<string, boolean>()

function patternOf(value: JsonValue): string | undefined {
  if (typeof value !== 'string') return undefined
  if (isUsable(value)) return value
  const [, literal] = /^\/(.+)\/[a-z]*$/s.exec(value) ?? []
  return literal !== undefined && isUsable(literal) ? literal : undefined
}

function isUsable(pattern: string): boolean {
  const known = usable.get(pattern)
  if (known !== undefined) return known
  if (usable.size > 5_000) usable.clear()
  const works = compiles(pattern)
  usable.set(pattern, works)
  return works
}

function compiles(pattern: string): boolean {
  try {
    compilePattern(pattern)
    return true
  } catch {
    return false
  }
}

function namesOf(value: JsonValue): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return [...new Set(value.map(textOf).filter((name) => name !== undefined))]
}

function namesByName(value: JsonValue): JsonValue | undefined {
  if (!isJsonObject(value)) return undefined
  const entries = Object.entries(value).map(([key, names]) => [key, namesOf(names) ?? []])
  return Object.fromEntries(entries) as JsonValue
}
