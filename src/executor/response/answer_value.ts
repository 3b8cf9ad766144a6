import { AppError } from '../../errors.ts'
import { type JsonValue, parseJson } from '../../lib/json.ts'

// The third argument of a reviver is newer than the library's types (ECMA-262, json-parse-with-source).
const parseWithSource = JSON.parse as (
  text: string,
  revive: (key: string, value: JsonValue, context: { readonly source?: string }) => JsonValue,
) => JsonValue

/**
 * Parses what is known to be JSON, numbers digit for digit. An upstream may do what no caller of
 * Gatehouse may: repeat a key (the last counts), name one `constructor`, send half a surrogate.
 */
export function answerValue(text: string): JsonValue {
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return parseWithSource(text, (_key, value, { source }) =>
      typeof value === 'number' && source !== undefined ? parseJson(source) : value,
    )
  }
}
