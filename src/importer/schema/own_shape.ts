import { isExactNumber, isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import {
  isSchema,
  schemaEntriesOf,
  schemasOf,
  stringOf,
  stringsOf,
} from '../../lib/json_schema/schema_values.ts'
import { anyOf } from './combine_shapes.ts'
import { concise, isVisibleValue, plainText } from './concise_text.ts'
import {
  type Alternative,
  anyShape,
  freeAlternative,
  type LimitName,
  type Remarks,
  type Shape,
  type TypeName,
} from './shape.ts'
import { isTelling, portablePattern, proseOnly } from './string_rules.ts'

/** The names `type` may have, in the order alternatives are listed. */
const typeNames = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const
const anyTypes: readonly TypeName[] = ['object', 'array', 'string', 'number', 'boolean', 'null']

/** The keywords that speak of one type. */
const speaking: Readonly<Record<string, TypeName>> = {
  properties: 'object',
  required: 'object',
  additionalProperties: 'object',
  patternProperties: 'object',
  propertyNames: 'object',
  minProperties: 'object',
  maxProperties: 'object',
  dependentRequired: 'object',
  unevaluatedProperties: 'object',
  items: 'array',
  prefixItems: 'array',
  contains: 'array',
  minItems: 'array',
  maxItems: 'array',
  uniqueItems: 'array',
  unevaluatedItems: 'array',
  pattern: 'string',
  minLength: 'string',
  maxLength: 'string',
  contentEncoding: 'string',
  contentMediaType: 'string',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  multipleOf: 'number',
}

/** The shape of a schema's own keywords, without `$ref`, `allOf`, `anyOf` and `oneOf`. */
export function ownShape(schema: JsonObject): Shape {
  const remarks = remarksOf(schema)
  const values = valuesOf(schema)
  const given = givenTypes(schema)
  const types = given ?? (values === null ? null : [...new Set(values.map(typeOfValue))])
  const hinted = new Set<TypeName>()
  for (const keyword in schema) {
    const type = Object.hasOwn(speaking, keyword) ? speaking[keyword] : undefined
    if (type !== undefined) hinted.add(type)
  }
  if (types === null && hinted.size === 0) {
    if (typeof schema.format !== 'string') return { ...anyShape, remarks }
    hinted.add('string')
  }
  const alternatives: Alternative[] = []
  for (const type of types ?? anyTypes) {
    const fitting = values?.filter((value) => fits(value, type)) ?? null
    if (fitting?.length === 0) continue
    const isWeak = types === null && !hinted.has(type)
    alternatives.push({ ...ruled(schema, type), isWeak, values: fitting })
  }
  return { isAny: false, alternatives, remarks }
}

function ruled(schema: JsonObject, type: TypeName): Alternative {
  const free = freeAlternative(type)
  if (type === 'object') return { ...free, ...objectRules(schema) }
  if (type === 'array') return { ...free, ...arrayRules(schema) }
  if (type === 'string') return { ...free, ...stringRules(schema) }
  if (type === 'number' || type === 'integer') return { ...free, ...numberRules(schema, type) }
  return free
}

function givenTypes({ type }: JsonObject): readonly TypeName[] | null {
  const given = Array.isArray(type) ? type : [type ?? null]
  const types = typeNames.filter((name) => given.includes(name))
  return types.length > 0 ? types : null
}

function valuesOf(schema: JsonObject): readonly JsonValue[] | null {
  const { const: only } = schema
  if (only !== undefined) return [only]
  return Array.isArray(schema.enum) && schema.enum.length > 0 ? schema.enum : null
}

function typeOfValue(value: JsonValue): TypeName {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isExactNumber(value)) return 'number'
  return typeof value as 'string' | 'number' | 'boolean' | 'object'
}

function fits(value: JsonValue, type: TypeName): boolean {
  const actual = typeOfValue(value)
  if (type !== 'integer') return actual === type
  return actual === 'number' && (isExactNumber(value) || Number.isInteger(value))
}

function remarksOf(schema: JsonObject): Remarks {
  const text = stringOf(schema.description) ?? stringOf(schema.title)
  const description = text === undefined ? '' : plainText(text)
  return {
    description: description === '' ? null : description,
    notes: [...exampleNote(schema), ...discriminatorNote(schema), ...notNote(schema)],
    default: schema.default,
    isDeprecated: schema.deprecated === true,
    isReadOnly: schema.readOnly === true,
    isWriteOnly: schema.writeOnly === true,
  }
}

const MAX_EXAMPLE_CHARS = 80

function exampleNote(schema: JsonObject): string[] {
  if (Array.isArray(schema.enum)) return []
  const examples = Array.isArray(schema.examples) ? schema.examples.slice(0, 2) : []
  const all = schema.example === undefined ? examples : [schema.example]
  const texts = all.filter(isVisibleValue).map((value) => JSON.stringify(value))
  const short = texts.filter((text) => text.length <= MAX_EXAMPLE_CHARS && text.isWellFormed())
  return short.length === 0 ? [] : [`E.g. ${short.map(plainText).join(', ')}.`]
}

/** Says which value of a property chooses which form, where the document has a mapping. */
function discriminatorNote({ discriminator }: JsonObject): string[] {
  if (!isJsonObject(discriminator) || !isJsonObject(discriminator.mapping)) return []
  const name = stringOf(discriminator.propertyName)
  const keys = Object.keys(discriminator.mapping)
  if (name === undefined || keys.length === 0) return []
  return [concise(plainText(`\`${name}\` tells the form: ${keys.join(', ')}.`), 200)]
}

function notNote(schema: JsonObject): string[] {
  const { not } = schema
  if (!isJsonObject(not)) return []
  const values = valuesOf(not)
  if (values === null) return []
  const text = plainText(values.map((value) => JSON.stringify(value)).join(', '))
  return text.length <= MAX_EXAMPLE_CHARS ? [`Not ${text}.`] : []
}

/** Bounds that a double holds exactly; others say nothing to a model. */
function limitsOf(schema: JsonObject, names: readonly LimitName[]): Alternative['limits'] {
  const limits: Partial<Record<LimitName, number>> = {}
  for (const name of names) {
    const value = schema[name]
    const isBound = typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER
    if (isBound && (name.endsWith('imum') || (Number.isInteger(value) && value >= 0))) {
      limits[name] = value
    }
  }
  return limits
}

function objectRules(schema: JsonObject): Partial<Alternative> {
  const patterns = schemaEntriesOf(schema.patternProperties).map(([, value]) => value)
  const given = isSchema(schema.additionalProperties) ? schema.additionalProperties : true
  // What a pattern allows is allowed by the rest, now that the pattern is gone.
  const additional =
    patterns.length === 0 ? given : anyOf(given === false ? patterns : [...patterns, given])
  return {
    limits: limitsOf(schema, ['minProperties', 'maxProperties']),
    properties: new Map(schemaEntriesOf(schema.properties)),
    required: new Set(stringsOf(schema.required)),
    additional,
    notes: dependentNotes(schema.dependentRequired),
  }
}

function dependentNotes(dependent: JsonValue | undefined): string[] {
  if (!isJsonObject(dependent)) return []
  return Object.entries(dependent)
    .slice(0, 4)
    .map(([name, needed]) => plainText(`\`${name}\` needs ${stringsOf(needed).join(', ')}.`))
    .filter((note) => note.length <= 120)
}

function arrayRules(schema: JsonObject): Partial<Alternative> {
  const limits: Partial<Record<LimitName, number>> = limitsOf(schema, ['minItems', 'maxItems'])
  const prefix = schemasOf(schema.prefixItems) ?? []
  const rest = isSchema(schema.items) ? schema.items : true
  const isOnlyPrefix =
    prefix.length > 0 && (rest === false || (limits.maxItems ?? Infinity) <= prefix.length)
  const items = anyOf(isOnlyPrefix ? prefix : [...prefix, rest])
  if (isOnlyPrefix) limits.maxItems = Math.min(limits.maxItems ?? Infinity, prefix.length)
  return { limits, items, notes: schema.uniqueItems === true ? ['Items are unique.'] : [] }
}

function stringRules(schema: JsonObject): Partial<Alternative> {
  const format = stringOf(schema.format) ?? null
  const pattern = stringOf(schema.pattern) ?? null
  const isBase64 = format === 'byte' || schema.contentEncoding === 'base64'
  const notes: string[] = []
  if (isBase64) notes.push('Base64.')
  else if (format !== null && proseOnly(format) && isTelling(format)) {
    const prose = plainText(format)
    if (prose !== '' && prose.length <= 60) notes.push(`Format: ${prose}.`)
  }
  const kept = pattern === null ? null : portablePattern(pattern)
  if (pattern !== null && kept === null && pattern.length <= 60)
    notes.push(`Pattern: ${plainText(pattern)}`)
  return {
    limits: limitsOf(schema, ['minLength', 'maxLength']),
    pattern: kept,
    format: format !== null && !proseOnly(format) ? format : null,
    isBinary: isBinary(schema),
    notes,
  }
}

/** Whether a string schema stands for bytes: `format: binary`, or raw content of a byte type. */
export function isBinary(schema: JsonObject): boolean {
  if (schema.format === 'binary') return true
  const { contentMediaType: media, contentEncoding: encoding } = schema
  if (typeof media !== 'string' || encoding !== undefined) return false
  return !/^text\/|[/+](?:json|xml|yaml)\b|x-www-form-urlencoded/i.test(media)
}

function numberRules(schema: JsonObject, type: 'number' | 'integer'): Partial<Alternative> {
  const limits: Partial<Record<LimitName, number>> = limitsOf(schema, ['minimum', 'maximum'])
  const notes: string[] = []
  const { exclusiveMinimum: above, exclusiveMaximum: below, multipleOf } = schema
  if (isBound(above)) {
    const least = type === 'integer' ? Math.floor(above) + 1 : above
    limits.minimum = Math.max(limits.minimum ?? -Infinity, least)
    if (type === 'number') notes.push(`More than ${above}.`)
  }
  if (isBound(below)) {
    const most = type === 'integer' ? Math.ceil(below) - 1 : below
    limits.maximum = Math.min(limits.maximum ?? Infinity, most)
    if (type === 'number') notes.push(`Less than ${below}.`)
  }
  if (isBound(multipleOf) && multipleOf > 0 && multipleOf !== 1) {
    notes.push(`A multiple of ${multipleOf}.`)
  }
  return { limits, notes }
}

const isBound = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER
