import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { argumentGroups } from '../../model/request_map.ts'
import type { HttpMethod, Tool } from '../../model/tool.ts'

/** What of a tool is searched. */
export interface SearchDocument {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  readonly method: HttpMethod
  readonly path: string
  /** Names of its arguments. */
  readonly parameters: readonly string[]
  readonly isDeprecated: boolean
}

/** Reads what is searched of a tool. */
export function searchDocumentOf({
  definition,
  tags,
}: Pick<Tool, 'definition' | 'tags'>): SearchDocument {
  const { name, description, annotations, httpMethod, endpointPath, inputSchema } = definition
  return {
    name,
    title: annotations?.title ?? '',
    description,
    tags,
    method: httpMethod,
    path: endpointPath,
    parameters: argumentsOf(inputSchema).map(({ path }) => path),
    isDeprecated: isDeprecated(description),
  }
}

/** Whether a description says at its beginning that the tool is deprecated. */
function isDeprecated(description: string): boolean {
  const start = description.slice(0, 200)
  if (/^\W{0,4}deprecated\b|[[(]deprecated[\])]/i.test(start)) return true
  return /\bDEPRECATED\b|\b(?:is|are|been)(?: now)? deprecated\b/.test(start)
}

/** One argument of a tool. */
export interface Argument {
  /** `limit`; `query.limit` in an imported operation. */
  readonly path: string
  readonly isRequired: boolean
}

/** A tool's arguments, those in the groups of an imported operation by group. */
export function argumentsOf(inputSchema: JsonObject): Argument[] {
  const entries = membersOf(inputSchema)
  const isGrouped = entries.length > 0 && entries.every(({ name }) => groups.has(name))
  if (!isGrouped) return entries.map(({ name, isRequired }) => ({ path: name, isRequired }))
  return entries.flatMap((group) => {
    const members = membersOf(group.schema)
    if (members.length === 0) return [{ path: group.name, isRequired: group.isRequired }]
    return members.map(({ name, isRequired }) => ({
      path: `${group.name}.${name}`,
      isRequired: isRequired && group.isRequired,
    }))
  })
}

const groups: ReadonlySet<string> = new Set(argumentGroups)

interface Member {
  readonly name: string
  readonly schema: JsonValue
  readonly isRequired: boolean
}

function membersOf(schema: JsonValue): Member[] {
  if (!isJsonObject(schema) || !isJsonObject(schema.properties ?? null)) return []
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(schema.properties as JsonObject).map(([name, member]) => ({
    name,
    schema: member,
    isRequired: required.includes(name),
  }))
}
