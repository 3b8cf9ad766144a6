import type { JsonObject } from '../../lib/json.ts'
import type { ApiSchema } from '../api_document.ts'
import { booleanAt, child, type ObjectPlace } from './place.ts'
import type { Reading } from './reading.ts'
import { keywordKind } from './schema_keywords.ts'

const ownMembers = new Set(['description', 'deprecated', 'required'])

/** `schema`, or the keywords that Swagger 2.0 has on the parameter itself; `true` for neither. */
export function schemaOf(reading: Reading, place: ObjectPlace): ApiSchema {
  if (place.value['schema'] !== undefined) return reading.schemas.read(child(place, 'schema'))
  const keywords: JsonObject = {}
  for (const [key, value] of Object.entries(place.value)) {
    const isSchema = keywordKind(key) !== undefined || key === 'default' || key === 'const'
    if (isSchema && key !== '$ref' && !ownMembers.has(key)) keywords[key] = value
  }
  if (Object.keys(keywords).length === 0) return true
  return reading.schemas.read({ ...place, value: keywords })
}

const textRules = [
  'enum',
  'const',
  'minLength',
  'pattern',
  'format',
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
]

/**
 * A schema that takes the empty text as well where the parameter may be sent empty
 * (`allowEmptyValue`, OpenAPI 3.1 §4.8.12.2).
 */
export function orEmpty(place: ObjectPlace, where: string, schema: ApiSchema): ApiSchema {
  const mayBeEmpty = where === 'query' && booleanAt(child(place, 'allowEmptyValue')) === true
  if (!mayBeEmpty || typeof schema === 'boolean') return schema
  const takesAnyText =
    (schema['type'] ?? 'string') === 'string' && !textRules.some((rule) => rule in schema)
  return takesAnyText ? schema : { anyOf: [schema, { type: 'string', maxLength: 0 }] }
}
