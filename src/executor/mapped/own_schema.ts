import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { MappedParameter, RequestMap } from '../../model/request_map.ts'
import { groupOf } from './parameter_values.ts'

/**
 * The document's rules for what the model gives: without the parameters that it does not fill, and
 * without the groups that nothing is left of.
 * @param rendered the parameters that are sent
 */
export function ownSchema(map: RequestMap, rendered: readonly MappedParameter[]): JsonObject {
  const others = map.parameters.filter(
    (parameter) => !('argument' in parameter.source) || !rendered.includes(parameter),
  )
  if (others.length === 0 || !isJsonObject(map.schema.properties)) return map.schema
  const properties: JsonObject = { ...map.schema.properties }
  const dropped = new Set<string>()
  for (const name of new Set(others.map((parameter) => groupOf[parameter.in]))) {
    const hidden = others.filter((parameter) => groupOf[parameter.in] === name)
    const group = without(properties[name], new Set(hidden.map((parameter) => parameter.name)))
    if (group === null || !isRequired(group)) dropped.add(name)
    if (group === null) delete properties[name]
    else properties[name] = group
  }
  return { ...map.schema, properties, required: namesBut(map.schema.required, dropped) }
}

/** A group without some of its members; null where none is left. */
function without(group: JsonValue | undefined, names: ReadonlySet<string>): JsonObject | null {
  if (!isJsonObject(group) || !isJsonObject(group.properties)) return null
  const kept = Object.entries(group.properties).filter(([name]) => !names.has(name))
  if (kept.length === 0) return null
  return {
    ...group,
    properties: Object.fromEntries(kept),
    required: namesBut(group.required, names),
  }
}

const isRequired = (group: JsonObject) => Array.isArray(group.required) && group.required.length > 0

const namesBut = (names: JsonValue | undefined, dropped: ReadonlySet<string>): JsonValue[] =>
  Array.isArray(names) ? names.filter((name) => !dropped.has(String(name))) : []
