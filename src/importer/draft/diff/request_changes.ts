import { isJsonObject, type JsonObject } from '../../../lib/json.ts'
import type { MappedBody, MappedParameter, RequestMap } from '../../../model/request_map.ts'
import { type FieldChange, fieldChange } from './field_change.ts'
import { memberChanges, ownPair, type SchemaPair } from './schema_changes.ts'

const groups = ['pathParams', 'query', 'headers', 'cookies'] as const

/** What changed in how a request is made: its arguments by the document's rules, styles, body. */
export function requestChanges(before: RequestMap, after: RequestMap): FieldChange[] {
  const defs = { before: before.schema, after: after.schema }
  const fromArguments = [...groups, 'body' as const].flatMap((name) => {
    const pair: SchemaPair = { before: member(before, name), after: member(after, name) }
    if (pair.before === undefined && pair.after === undefined) return []
    const isRequired = { before: isNeeded(before, name), after: isNeeded(after, name) }
    if (name === 'body') return memberChanges({ field: 'body', pair, isRequired }, defs)
    return groupChanges(name, pair, defs)
  })
  return [
    ...fromArguments,
    ...writingChanges(before.parameters, after.parameters),
    ...bodyChanges(before.body, after.body),
  ]
}

const rulesOf = (map: RequestMap): JsonObject =>
  isJsonObject(map.schema['properties']) ? map.schema['properties'] : {}

const member = (map: RequestMap, name: string) => rulesOf(map)[name]

const isNeeded = ({ schema }: RequestMap, name: string): boolean =>
  Array.isArray(schema['required']) && schema['required'].includes(name)

/** Compares the members of a group whether or not the group was there. */
function groupChanges(
  group: string,
  pair: SchemaPair,
  defs: { readonly before: JsonObject; readonly after: JsonObject },
): FieldChange[] {
  const [old, fresh] = [partsOf(pair.before), partsOf(pair.after)]
  const names = new Set([...Object.keys(old.properties), ...Object.keys(fresh.properties)])
  return [...names].flatMap((name) =>
    memberChanges(
      {
        field: `${group}.${name}`,
        pair: ownPair(old.properties, fresh.properties, name),
        isRequired: { before: old.required.includes(name), after: fresh.required.includes(name) },
      },
      defs,
    ),
  )
}

function partsOf(group: SchemaPair['before']) {
  const { properties, required } = isJsonObject(group) ? group : {}
  return {
    properties: isJsonObject(properties) ? properties : {},
    required: Array.isArray(required) ? required : [],
  }
}

/** Parameters that are on both sides but written otherwise. */
function writingChanges(
  before: readonly MappedParameter[],
  after: readonly MappedParameter[],
): FieldChange[] {
  return after.flatMap((fresh) => {
    const old = before.find((one) => one.in === fresh.in && one.name === fresh.name)
    if (old === undefined || writing(old) === writing(fresh)) return []
    return [fieldChange(`${fresh.in}.${fresh.name}.written`, writing(old), writing(fresh))]
  })
}

function writing(parameter: MappedParameter): string {
  const { style, explode, allowReserved, contentType, source } = parameter
  const how = contentType ?? `${style}${explode ? ' exploded' : ''}`
  const from = 'argument' in source ? '' : ` from ${JSON.stringify(source)}`
  return `${how}${allowReserved ? ', reserved characters as they are' : ''}${from}`
}

function bodyChanges(before: MappedBody | null, after: MappedBody | null): FieldChange[] {
  if (before === null || after === null) return []
  const changes =
    before.contentType === after.contentType
      ? []
      : [fieldChange('body.content_type', before.contentType, after.contentType)]
  const [old, fresh] = [JSON.stringify(before.encoding), JSON.stringify(after.encoding)]
  return old === fresh ? changes : [...changes, fieldChange('body.encoding', old, fresh)]
}
