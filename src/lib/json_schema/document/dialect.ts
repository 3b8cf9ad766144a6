import type { JsonValue } from '../../json.ts'
import * as shapes from './keyword_shapes.ts'

/** How subschemas stand in a keyword's value. */
export type Children = 'schema' | 'list' | 'map' | 'schema_or_list' | 'map_or_names'

/** What a dialect says of one keyword. */
export interface Keyword {
  readonly children?: Children
  /** Answers what the value must be, where it is not. */
  readonly shape?: (value: JsonValue) => string | undefined
  /** The value is a regular expression, or its members' names are. */
  readonly isPattern?: true
}

/** A version of JSON Schema. */
export interface Dialect {
  readonly name: '2020-12' | 'draft-07'
  readonly keywords: ReadonlyMap<string, Keyword>
}

const child: Keyword = { children: 'schema' }
const list: Keyword = { children: 'list' }
const map: Keyword = { children: 'map' }

const common: [string, Keyword][] = [
  ['$schema', { shape: shapes.text }],
  ['$id', { shape: shapes.text }],
  ['$ref', { shape: shapes.text }],
  ['$comment', { shape: shapes.text }],
  ['title', { shape: shapes.text }],
  ['description', { shape: shapes.text }],
  ['format', { shape: shapes.text }],
  ['type', { shape: shapes.type }],
  ['enum', { shape: shapes.array }],
  ['multipleOf', { shape: shapes.positiveNumber }],
  ['minimum', { shape: shapes.number }],
  ['maximum', { shape: shapes.number }],
  ['exclusiveMinimum', { shape: shapes.number }],
  ['exclusiveMaximum', { shape: shapes.number }],
  ['minLength', { shape: shapes.count }],
  ['maxLength', { shape: shapes.count }],
  ['pattern', { shape: shapes.text, isPattern: true }],
  ['minItems', { shape: shapes.count }],
  ['maxItems', { shape: shapes.count }],
  ['uniqueItems', { shape: shapes.flag }],
  ['minProperties', { shape: shapes.count }],
  ['maxProperties', { shape: shapes.count }],
  ['required', { shape: shapes.names }],
  ['properties', map],
  ['patternProperties', { children: 'map', isPattern: true }],
  ['additionalProperties', child],
  ['propertyNames', child],
  ['contains', child],
  ['dependencies', { children: 'map_or_names' }],
  ['definitions', map],
  ['$defs', map],
  ['allOf', list],
  ['anyOf', list],
  ['oneOf', list],
  ['not', child],
  ['if', child],
  ['then', child],
  ['else', child],
]

/** JSON Schema 2020-12, the default; `dependencies` and `definitions` still work in it. */
const DRAFT_2020_12: Dialect = {
  name: '2020-12',
  keywords: new Map<string, Keyword>([
    ...common,
    ['$anchor', { shape: shapes.anchor }],
    ['$dynamicAnchor', { shape: shapes.anchor }],
    ['$dynamicRef', { shape: shapes.text }],
    ['minContains', { shape: shapes.count }],
    ['maxContains', { shape: shapes.count }],
    ['dependentRequired', { shape: shapes.nameLists }],
    ['dependentSchemas', map],
    ['prefixItems', list],
    ['items', child],
    ['unevaluatedItems', child],
    ['unevaluatedProperties', child],
    ['contentSchema', child],
  ]),
}

/** JSON Schema draft-07. */
const DRAFT_07: Dialect = {
  name: 'draft-07',
  keywords: new Map<string, Keyword>([
    ...common,
    ['items', { children: 'schema_or_list' }],
    ['additionalItems', child],
  ]),
}

const DIALECTS: Record<string, Dialect> = {
  'json-schema.org/draft/2020-12/schema': DRAFT_2020_12,
  'json-schema.org/draft-07/schema': DRAFT_07,
}

/** The dialect a `$schema` names (without one: 2020-12), or undefined where it is another. */
export function dialectOf(schemaUri: JsonValue | undefined): Dialect | undefined {
  if (schemaUri === undefined) return DRAFT_2020_12
  if (typeof schemaUri !== 'string') return undefined
  const bare = schemaUri.replace(/^https?:\/\//, '').replace(/#$/, '')
  return Object.hasOwn(DIALECTS, bare) ? DIALECTS[bare] : undefined
}
