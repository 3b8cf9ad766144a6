import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { ApiClient } from '../api_client.ts'
import { idOf } from '../find_object.ts'

/** Where sources are. */
export const sourcesPath = '/api/v1/openapi-sources'

/** Where a source is. */
export const sourcePath = (source: JsonObject) => `${sourcesPath}/${idOf(source)}`

/** Where an import of a source is. */
export const importPath = (source: JsonObject, found: JsonObject) =>
  `${sourcePath(source)}/imports/${idOf(found)}`

/** An import with everything in it. */
export interface Plan {
  readonly project: JsonObject
  readonly source: JsonObject
  readonly found: JsonObject
  readonly tags: readonly JsonObject[]
  /** What is said of the document, and of each operation. */
  readonly findings: readonly JsonObject[]
  readonly operations: readonly JsonObject[]
}

/** Which new tools are switched on; absent is as planned: reads are, writes are not. */
export interface EnableWish {
  readonly reads?: boolean
  readonly writes?: boolean
}

/** Loads what an import came to. */
export async function loadPlan(
  api: ApiClient,
  source: JsonObject,
  found: JsonObject,
): Promise<Plan> {
  const path = importPath(source, found)
  const [project, tags, findings, operations] = await Promise.all([
    api.get(`/api/v1/projects/${String(source.project_id)}`),
    api.page(`${path}/tags`),
    Array.fromAsync(api.items(`${path}/findings`)),
    Array.fromAsync(api.items(`${path}/operations`)),
  ])
  const ofOperations = operations.filter(isInPlan).flatMap(({ findings: own }) => objects(own))
  return {
    project,
    source,
    found,
    tags: tags.items,
    findings: [...findings, ...ofOperations],
    operations,
  }
}

/** The newest import of a source in one of some states; null where there is none. */
export async function newestImport(
  api: ApiClient,
  source: JsonObject,
  states: readonly string[],
): Promise<JsonObject | null> {
  for await (const found of api.items(`${sourcePath(source)}/imports`)) {
    if (states.includes(String(found.state))) return found
  }
  return null
}

/** The objects of a list in an answer. */
export const objects = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : []

/** Whether the filter lets an operation of the document in. */
const isInPlan = ({ is_selected: isSelected, is_gone: isGone }: JsonObject) =>
  isSelected === true && isGone !== true

/** Whether an operation has a tool once the plan is applied. */
export const becomesTool = (operation: JsonObject) =>
  isInPlan(operation) && operation.quarantine === null

/** Whether an operation only reads. */
export const isRead = ({ method }: JsonObject) => method === 'GET'

/** Whether an operation's tool is on once the plan is applied. */
export function willBeOn(operation: JsonObject, wish: EnableWish): boolean {
  const wanted = isRead(operation) ? wish.reads : wish.writes
  return (operation.change === 'added' ? wanted : undefined) ?? operation.is_enabled === true
}
