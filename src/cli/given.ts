import type { JsonObject, JsonValue } from '../lib/json.ts'

/** The members that were given: without the undefined ones. */
export function given(members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const object: JsonObject = {}
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) object[name] = value
  }
  return object
}
