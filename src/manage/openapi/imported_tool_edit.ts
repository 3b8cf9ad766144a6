import type { OperationOverride } from '../../model/openapi_source.ts'
import type { Tool, ToolDefinition } from '../../model/tool.ts'
import type { Operation } from '../../store/database.ts'
import { findDraft, putDrafts } from '../../store/openapi_operation_store.ts'
import { findOverride, putOverride } from '../../store/openapi_override_store.ts'
import { touchPlan, touchSource } from '../../store/openapi_source_store.ts'
import {
  findSourceTool,
  findToolOrigin,
  putToolDraft,
  type ToolOrigin,
} from '../../store/openapi_tool_store.ts'
import { unpacked } from '../../store/packed_json.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { draftOfText } from './draft_text.ts'
import { writtenDraft } from './plan_operation.ts'
import { refuseField } from './source_reach.ts'

/** What of a tool a hand changes. */
export interface HandChange {
  readonly definition: Partial<ToolDefinition>
  readonly isEnabled?: boolean
}

/** What a document says of a tool, and no hand changes. */
const fromDocument = {
  inputSchema: '/input_schema',
  outputSchema: '/output_schema',
  baseUrl: '/base_url',
  httpMethod: '/http_method',
  endpointPath: '/endpoint_path',
  headersTemplate: '/headers_template',
  queryTemplate: '/query_template',
  bodyTemplate: '/body_template',
  requestMap: '/request_map',
  annotations: '/annotations',
} as const

/**
 * What becomes of an edit by hand of a tool that was imported: its name, description, enabled flag,
 * required scopes and response shape are kept as overrides, which survive every re-import; auth,
 * limits and members are the tool's own and stay; the rest is the document's.
 * @throws AppError validation_failed - the change is to what the document says
 */
export async function importedToolEdit(
  deps: ManageDeps,
  tool: Tool,
  change: HandChange,
): Promise<((nowMs: number) => Operation<void>) | null> {
  const origin = await deps.database.read(() => findToolOrigin(tool.id))
  if (origin === null) return null
  for (const [member, pointer] of Object.entries(fromDocument)) {
    const field = member as keyof typeof fromDocument
    const next = change.definition[field]
    if (next === undefined || Bun.deepEquals(next, tool.definition[field])) continue
    throw refuseField(pointer, 'comes from the OpenAPI document: change its source instead')
  }
  const override = overrideOf(tool, change)
  const dropsResponse = change.definition.response === null && tool.definition.response !== null
  return (nowMs) => keepOverride(origin, { override, dropsResponse }, nowMs)
}

function overrideOf(
  { definition: before, isEnabled }: Tool,
  { definition, ...flags }: HandChange,
): OperationOverride {
  const { name, description, requiredScopes, response } = definition
  const isNew = <T>(next: T | undefined, old: unknown): next is T =>
    next !== undefined && !Bun.deepEquals(next, old)
  return {
    ...(isNew(name, before.name) ? { name } : {}),
    ...(isNew(description, before.description) ? { description } : {}),
    ...(isNew(requiredScopes, before.requiredScopes) ? { requiredScopes } : {}),
    ...(isNew(response, before.response) && response !== null ? { response } : {}),
    ...(isNew(flags.isEnabled, isEnabled) ? { isEnabled: flags.isEnabled } : {}),
  }
}

interface KeptChange {
  readonly override: OperationOverride
  /** Whether answers are no longer shaped. */
  readonly dropsResponse: boolean
}

function* keepOverride(
  origin: ToolOrigin,
  { override: change, dropsResponse }: KeptChange,
  nowMs: number,
): Operation<void> {
  const { sourceId, key } = origin
  const fields = Object.keys(change)
  if (fields.length === 0 && !dropsResponse) return yield* touchSource(sourceId)
  const kept = yield* findOverride(sourceId, key)
  const { response, ...rest } = { ...kept?.override, ...change }
  const override = dropsResponse || response === undefined ? rest : { ...rest, response }
  yield* putOverride(sourceId, key, { override, nowMs })
  // A plan says nothing of the enabled flag that an apply would not look up again.
  if (fields.join() === 'isEnabled') return yield* touchSource(sourceId)
  yield* keepDraft(origin, change)
  yield* touchPlan(sourceId)
}

/** The tool follows the draft that would be made now, so that the next diff does not tell of it. */
function* keepDraft(origin: ToolOrigin, change: OperationOverride): Operation<void> {
  const bytes = yield* findDraft(origin.draftHash)
  const link = yield* findToolId(origin)
  if (bytes === null || link === null) return
  const { name, description, requiredScopes } = change
  const { hash, text } = writtenDraft({
    ...draftOfText(unpacked(bytes)),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(requiredScopes === undefined ? {} : { requiredScopes }),
  })
  yield* putDrafts([{ hash, draft: Bun.zstdCompressSync(text) }])
  yield* putToolDraft(link, hash)
}

function* findToolId({ sourceId, key }: ToolOrigin): Operation<number | null> {
  return (yield* findSourceTool(sourceId, key))?.toolId ?? null
}
