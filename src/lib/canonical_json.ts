import { isJsonObject, type JsonValue } from './json.ts'

/**
 * JSON with the keys of every object sorted by UTF-16 code unit and no white space, so that equal
 * values have equal text (the ordering of RFC 8785 §3.2.3; numbers keep the digits they have).
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return canonicalArray(value)
  if (!isJsonObject(value)) return JSON.stringify(value)
  const keys = Object.keys(value)
  if (keys.length > 1) keys.sort()
  let text = '{'
  // Every tool call passes here: concatenation costs a third of mapping and joining.
  for (const key of keys) {
    if (text !== '{') text += ','
    text += `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`
  }
  return `${text}}`
}

function canonicalArray(values: readonly JsonValue[]): string {
  let text = '['
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ','
    text += canonicalJson(values[i] ?? null)
  }
  return `${text}]`
}
