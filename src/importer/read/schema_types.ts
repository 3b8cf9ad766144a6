import type { JsonObject, JsonValue } from '../../lib/json.ts'

const known = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'])

/** What people write as type, in lower case: the type and format they mean. */
const meant: Readonly<Record<string, readonly [string, string?]>> = {
  file: ['string', 'binary'],
  binary: ['string', 'binary'],
  byte: ['string', 'byte'],
  str: ['string'],
  text: ['string'],
  char: ['string'],
  enum: ['string'],
  date: ['string', 'date'],
  datetime: ['string', 'date-time'],
  'date-time': ['string', 'date-time'],
  timestamp: ['string', 'date-time'],
  uuid: ['string', 'uuid'],
  uri: ['string', 'uri'],
  url: ['string', 'uri'],
  email: ['string', 'email'],
  password: ['string', 'password'],
  int: ['integer'],
  int32: ['integer', 'int32'],
  int64: ['integer', 'int64'],
  long: ['integer', 'int64'],
  short: ['integer'],
  float: ['number', 'float'],
  double: ['number', 'double'],
  decimal: ['number'],
  bool: ['boolean'],
  list: ['array'],
  map: ['object'],
  dict: ['object'],
  hash: ['object'],
  json: ['object'],
}

/** A `type` keyword read. */
export interface ReadType {
  /** For 2020-12; undefined where anything goes. */
  readonly type: string | string[] | undefined
  /** Format the type implies, for a schema that has none. */
  readonly format: string | undefined
  /** Whether it was written as 2020-12 has it. */
  readonly isPlain: boolean
}

/** Reads a `type`, tolerant of other languages' names and of an unquoted YAML null. */
export function readType(written: JsonValue | undefined): ReadType {
  const words = Array.isArray(written) ? written : [written ?? null]
  const types = words.map(oneType)
  const names = [...new Set(types.map((type) => type.name).filter((name) => name !== null))]
  const isAny = names.length < 1 || types.some((type) => type.name === null)
  const [first = ''] = names
  return {
    type: isAny ? undefined : names.length === 1 ? first : names,
    format: types.find((type) => type.format !== undefined)?.format,
    isPlain: types.every((type) => type.isPlain) && names.length === types.length,
  }
}

interface OneType {
  readonly name: string | null
  readonly format?: string | undefined
  readonly isPlain: boolean
}

function oneType(word: JsonValue): OneType {
  if (word === null) return { name: 'null', isPlain: false }
  if (typeof word !== 'string') return { name: null, isPlain: false }
  if (known.has(word)) return { name: word, isPlain: true }
  const lower = word.trim().toLowerCase()
  if (known.has(lower)) return { name: lower, isPlain: false }
  const [name, format] = (Object.hasOwn(meant, lower) ? meant[lower] : undefined) ?? [null]
  return { name, format, isPlain: false }
}

/**
 * Gives the values of an `enum` the type the schema asks for, where YAML took words for numbers or
 * booleans, or numbers were quoted.
 */
export function typedEnum(values: readonly JsonValue[], type: JsonValue | undefined): JsonValue[] {
  const types = Array.isArray(type) ? type : [type]
  const isText = types.includes('string') && !types.includes('number')
  const isCount = types.includes('integer') || types.includes('number')
  return values.map((value) => {
    const isWord = typeof value === 'number' || typeof value === 'boolean'
    if (isText && !isCount && isWord && !types.includes('boolean')) return String(value)
    if (isCount && !types.includes('string') && typeof value === 'string') return counted(value)
    return value
  })
}

function counted(text: string): JsonValue {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text
}

const annotations = [
  'title',
  'description',
  'default',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'xml',
]

/** Lets a schema of 3.0 take null, as `nullable: true` says (OpenAPI 3.0.3 §4.7.24.1). */
export function nullableSchema(schema: JsonObject): JsonObject {
  const isCombined = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not'].some((key) => key in schema)
  if (isCombined) return eitherNull(schema)
  const result = { ...schema }
  const { type } = schema
  if (typeof type === 'string' && type !== 'null') result['type'] = [type, 'null']
  if (Array.isArray(type) && !type.includes('null')) result['type'] = [...type, 'null']
  const values = schema['enum']
  if (Array.isArray(values) && !values.includes(null)) result['enum'] = [...values, null]
  return result
}

function eitherNull(schema: JsonObject): JsonObject {
  const outer: JsonObject = {}
  const inner: JsonObject = {}
  for (const [key, value] of Object.entries(schema)) {
    const isOuter = annotations.includes(key) || key.startsWith('x-')
    if (isOuter) outer[key] = value
    else inner[key] = value
  }
  return { ...outer, anyOf: [inner, { type: 'null' }] }
}
