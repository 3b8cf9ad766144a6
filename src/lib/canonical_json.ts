import { isJsonObject, type JsonValue } from './json.ts'

/**
 * JSON with the keys of every object sorted by UTF-16 code unit and no white space, so that equal
 * values have equal text (the ordering of RFC 8785 §3.2.3; numbers keep the digits they have).
 */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`)
  return `{${members.join(',')}}`
}
