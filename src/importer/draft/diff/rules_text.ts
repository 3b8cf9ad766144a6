import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'

const bounds: readonly (readonly [string, string])[] = [
  ['minimum', '≥'],
  ['exclusiveMinimum', '>'],
  ['maximum', '≤'],
  ['exclusiveMaximum', '<'],
  ['minLength', 'length ≥'],
  ['maxLength', 'length ≤'],
  ['minItems', 'items ≥'],
  ['maxItems', 'items ≤'],
  ['pattern', 'like'],
  ['default', 'default'],
]

/** A schema in a few words: `integer ≥ 1 ≤ 100`, `one of "a", "b"`. */
export function rulesText(schema: JsonValue): string {
  if (schema === false) return 'nothing'
  if (!isJsonObject(schema)) return 'anything'
  const parts = [typeText(schema), ...boundTexts(schema)]
  const format = schema['format']
  if (typeof format === 'string') parts.splice(1, 0, `(${format})`)
  if (schema['additionalProperties'] === false) parts.push('and no other properties')
  return parts.filter((part) => part !== '').join(' ')
}

function typeText(schema: JsonObject): string {
  const { type, enum: values } = schema
  if (schema['const'] !== undefined) return `always ${JSON.stringify(schema['const'])}`
  if (Array.isArray(values)) return `one of ${values.map((v) => JSON.stringify(v)).join(', ')}`
  for (const keyword of ['oneOf', 'anyOf', 'allOf']) {
    const parts = schema[keyword]
    if (!Array.isArray(parts)) continue
    const options = parts.map((part) =>
      isJsonObject(part) && part['$ref'] ? refName(part) : rulesText(part),
    )
    return options.join(keyword === 'allOf' ? ' and ' : ' or ')
  }
  if (type === undefined) return 'anything'
  return Array.isArray(type) ? type.join(' or ') : String(type)
}

const refName = (schema: JsonObject): string => String(schema['$ref']).replace(/^.*\//, '')

const boundTexts = (schema: JsonObject): string[] =>
  bounds.flatMap(([name, sign]) => {
    const value = schema[name]
    return value === undefined ? [] : [`${sign} ${JSON.stringify(value)}`]
  })
