import type { JsonObject } from '../../lib/json.ts'
import type { ApiParameter, ApiSchema } from '../api_document.ts'
import { plainLine } from './plain_text.ts'

const MAX_WORDS = 400
const MAX_EXAMPLE = 80

/** The schema of a parameter with what the parameter itself says: description, example, deprecation. */
export function describedSchema(parameter: ApiParameter): ApiSchema {
  const { schema, isDeprecated, example } = parameter
  if (schema === false) return schema
  const base: JsonObject = schema === true ? {} : schema
  const words = plainLine(parameter.description, MAX_WORDS)
  const shown = example === undefined || base['enum'] !== undefined ? null : JSON.stringify(example)
  const isShort =
    shown !== null && shown.length <= MAX_EXAMPLE && !words.includes(shown.replace(/^"|"$/g, ''))
  const description = isShort ? `${words} Example: ${shown}`.trim() : words
  return {
    ...base,
    ...(description === '' ? {} : { description }),
    ...(isDeprecated ? { deprecated: true } : {}),
  }
}
