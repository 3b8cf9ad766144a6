import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { compilePattern } from '../../lib/json_schema/pattern/compile_pattern.ts'
import { isVisibleText } from '../../model/visible_text.ts'
import { portableFormats } from './string_rules.ts'

/** Where a rule says what it found. */
export interface LintReport {
  error(rule: string, pointer: string, message: string): void
  advice(rule: string, pointer: string, message: string): void
}

/** Looks at one schema, not at those in it. */
export type SchemaRule = (schema: JsonObject, pointer: string, report: LintReport) => void

const propertyName = /^[a-zA-Z0-9_.-]{1,64}$/
const typeNames: ReadonlySet<JsonValue | undefined> = new Set([
  'object',
  'array',
  'string',
  'number',
  'integer',
  'boolean',
  'null',
])
const MAX_DESCRIPTION_CHARS = 1024
/** OpenAI: together, where an enumeration has more than 250 values. */
const MAX_ENUM_CHARS = 15_000
const MANY_VALUES = 250

/** Keywords that Gemini's `Schema` has no field for, so that its API refuses the whole request. */
const foreign = [
  '$id',
  '$schema',
  '$comment',
  '$anchor',
  '$dynamicRef',
  '$dynamicAnchor',
  'oneOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
  'const',
  'prefixItems',
  'contains',
  'minContains',
  'maxContains',
  'uniqueItems',
  'unevaluatedItems',
  'unevaluatedProperties',
  'patternProperties',
  'propertyNames',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'discriminator',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'xml',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
]

const noReference: SchemaRule = (schema, pointer, report) => {
  for (const keyword of ['$ref', '$defs', 'definitions']) {
    if (schema[keyword] === undefined) continue
    report.error(
      'reference',
      `${pointer}/${keyword}`,
      'Gemini and older clients follow no references.',
    )
  }
}

const knownKeywords: SchemaRule = (schema, pointer, report) => {
  for (const keyword of foreign) {
    if (schema[keyword] === undefined) continue
    report.error('keyword', `${pointer}/${keyword}`, `Gemini's API does not know "${keyword}".`)
  }
}

const oneType: SchemaRule = ({ type, anyOf }, pointer, report) => {
  if (Array.isArray(type)) {
    report.error('type_list', `${pointer}/type`, 'Gemini takes one type; use "anyOf".')
  } else if (type !== undefined && !typeNames.has(type)) {
    report.error('type', `${pointer}/type`, 'There is no such type.')
  } else if (type !== undefined && anyOf !== undefined) {
    report.error('type_beside_union', pointer, 'Beside "anyOf", Gemini takes no "type".')
  }
}

const typedUnion: SchemaRule = ({ anyOf }, pointer, report) => {
  if (anyOf === undefined) return
  if (!Array.isArray(anyOf) || anyOf.length === 0) {
    report.error('empty_union', `${pointer}/anyOf`, 'A union needs alternatives.')
    return
  }
  for (const [index, form] of anyOf.entries()) {
    if (isJsonObject(form) && (form.type !== undefined || form.anyOf !== undefined)) continue
    report.error('untyped_alternative', `${pointer}/anyOf/${index}`, 'Gemini needs a type here.')
  }
}

const constrained: SchemaRule = (schema, pointer, report) => {
  const words = ['description', 'title', 'default', 'example']
  if (Object.keys(schema).some((key) => !words.includes(key))) return
  report.advice('untyped_schema', pointer, 'It takes anything; the MCP Inspector warns of that.')
}

const arrays: SchemaRule = ({ type, items }, pointer, report) => {
  if (type !== 'array' || isJsonObject(items)) return
  report.error('array_items', pointer, 'OpenAI and Gemini refuse arrays without "items".')
}

const objects: SchemaRule = (schema, pointer, report) => {
  const { type, properties, required, additionalProperties } = schema
  if (type !== 'object') {
    for (const keyword of ['properties', 'required']) {
      if (schema[keyword] === undefined) continue
      report.error('object_keyword', `${pointer}/${keyword}`, 'Only objects may have it (Gemini).')
    }
    return
  }
  if (!isJsonObject(properties) && additionalProperties === undefined) {
    report.error('object_properties', pointer, 'An object needs "properties".')
  }
  const declared = isJsonObject(properties) ? properties : {}
  for (const name of Object.keys(declared)) {
    if (propertyName.test(name)) continue
    const message = `"${name.slice(0, 80)}" does not match ${propertyName.source} (Anthropic).`
    report.error('property_name', `${pointer}/properties`, message)
  }
  for (const name of Array.isArray(required) ? required : []) {
    if (typeof name === 'string' && Object.hasOwn(declared, name)) continue
    report.error(
      'required_undeclared',
      `${pointer}/required`,
      `${JSON.stringify(name)} is not declared.`,
    )
  }
}

const enumerations: SchemaRule = ({ type, enum: values }, pointer, report) => {
  if (values === undefined) return
  const at = `${pointer}/enum`
  if (!Array.isArray(values) || values.length === 0) {
    report.error('enum_empty', at, 'An enumeration needs values.')
    return
  }
  if (type !== 'string' || values.some((value) => typeof value !== 'string')) {
    report.error('enum_type', at, "Gemini's API takes enumerations of strings alone.")
  }
  if (values.includes('')) report.error('enum_empty_value', at, 'Gemini refuses an empty value.')
  if (new Set(values).size < values.length) {
    report.error('enum_repeated', at, 'A value occurs twice.')
  }
  const chars = values.reduce<number>((sum, value) => sum + String(value).length, 0)
  if (values.length > MANY_VALUES && chars > MAX_ENUM_CHARS) {
    report.error('enum_length', at, `The values have more than ${MAX_ENUM_CHARS} characters.`)
  }
}

const texts: SchemaRule = ({ description, format, pattern }, pointer, report) => {
  if (description !== undefined && typeof description !== 'string') {
    report.error('description_type', `${pointer}/description`, 'It must be a string.')
  } else if (description !== undefined) {
    if (!isVisibleText(description)) {
      report.error(
        'hidden_text',
        `${pointer}/description`,
        'Characters are invisible or reorder others.',
      )
    }
    if (description.length > MAX_DESCRIPTION_CHARS) {
      report.advice('description_length', `${pointer}/description`, 'It costs a model many tokens.')
    }
  }
  if (typeof format === 'string' && !portableFormats.has(format)) {
    report.error('format', `${pointer}/format`, `OpenAI does not list "${format.slice(0, 40)}".`)
  }
  if (pattern !== undefined && !isPattern(pattern)) {
    report.error('pattern', `${pointer}/pattern`, 'It is no regular expression every client reads.')
  }
}

function isPattern(pattern: JsonValue): boolean {
  if (typeof pattern !== 'string') return false
  try {
    compilePattern(pattern)
    return new RegExp(pattern, 'u') instanceof RegExp
  } catch {
    return false
  }
}

const numbers: SchemaRule = (schema, pointer, report) => {
  for (const keyword of ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems']) {
    const value = schema[keyword]
    if (value === undefined) continue
    if (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER) continue
    report.error('bound', `${pointer}/${keyword}`, 'It is no number that every client reads alike.')
  }
}

/** The rules for each schema of a tool. */
export const schemaRules: readonly SchemaRule[] = [
  noReference,
  knownKeywords,
  oneType,
  typedUnion,
  constrained,
  arrays,
  objects,
  enumerations,
  texts,
  numbers,
]
