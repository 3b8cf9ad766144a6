import type { Administrator } from '../../model/admin_token.ts'
import type { OpenapiSource } from '../../model/openapi_import.ts'
import type { OperationOverride } from '../../model/openapi_source.ts'
import type { Tool } from '../../model/tool.ts'
import type { Operation } from '../../store/database.ts'
import { flipStaged } from '../../store/openapi_apply_store.ts'
import { findDocument, findDocumentHash } from '../../store/openapi_import_store.ts'
import {
  deleteOverride,
  findOverride,
  listOverrides as listAll,
  putOverride,
  type StoredOverride,
} from '../../store/openapi_override_store.ts'
import { touchPlan } from '../../store/openapi_source_store.ts'
import { findSourceTool } from '../../store/openapi_tool_store.ts'
import { addMissingScopes } from '../../store/scope_store.ts'
import { findTool } from '../../store/tool_store.ts'
import { audited } from '../audit.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from '../paging.ts'
import { checkOperatorParts, composeTool } from './compose_tool.ts'
import { draftOne } from './draft_one.ts'
import { draftOfText } from './draft_text.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import { refuseField, sourceEvent, sourceInReach } from './source_reach.ts'
import { hasPlan, redraft } from './sources.ts'
import { checkFlip, ToolStage } from './stage_tools.ts'

/** Lists what the operator changed of a source's operations. */
export async function listOverrides(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & { readonly sourceId: number },
): Promise<CursorPage<StoredOverride>> {
  const { id } = await sourceInReach(deps, admin, request.sourceId)
  const list = (position: string | null) => listAll(id, request.limit, position)
  return readPage(deps, `openapi_overrides|${id}`, { ...request, list })
}

/** Which operation, and what of it to change; null changes nothing any more. */
export interface OverrideChange {
  readonly sourceId: number
  readonly key: string
  readonly override: OperationOverride | null
}

/**
 * Sets what is changed of an operation. A tool that it has becomes a new version at once, drafted from
 * the document that was applied; a plan that waits is drafted anew.
 * @throws AppError validation_failed, version_conflict, name_taken
 */
export async function setOverride(
  deps: OpenapiDeps,
  admin: Administrator,
  change: OverrideChange,
): Promise<StoredOverride | null> {
  const { manage, jobs } = deps
  const { id, projectId } = await sourceInReach(manage, admin, change.sourceId)
  const hadPlan = await hasPlan(manage, id)
  await jobs.change(id, () => setOnce(deps, admin, change))
  manage.onToolsChanged(projectId)
  if (hadPlan) await redraft(deps, admin, id)
  return manage.database.read(() => findOverride(id, change.key))
}

async function setOnce(
  deps: OpenapiDeps,
  admin: Administrator,
  change: OverrideChange,
): Promise<void> {
  const { manage } = deps
  const source = await sourceInReach(manage, admin, change.sourceId)
  const { override } = change
  // Where there is a tool it is checked with it as well.
  if (override !== null) checkOperatorParts(manage, { override, auth: null, secret: null })
  const tool = await manage.database.read(() => toolOf(source.id, change.key))
  const stage = new ToolStage(manage, admin, source)
  try {
    await stage.discard()
    if (tool !== null) await stageOne(deps, { source, tool, stage }, change)
    await stage.flush()
    await record(manage, admin, { source, stage, change, isStaged: tool !== null })
  } catch (error) {
    await stage.discard()
    throw error
  }
}

interface RecordParts {
  readonly source: OpenapiSource
  readonly stage: ToolStage
  readonly change: OverrideChange
  readonly isStaged: boolean
}

async function record(deps: ManageDeps, admin: Administrator, parts: RecordParts): Promise<void> {
  const { source, stage, change, isStaged } = parts
  const { id: sourceId, projectId, revision } = source
  const { key, override } = change
  const nowMs = deps.clock.nowMs()
  const outcome = await audited(deps, admin, {
    operation: function* () {
      const flags = { keepsPrevious: false, clearsSecrets: false }
      const flip = { sourceId, projectId, revision, nowMs, ...flags }
      const flipped = isStaged ? yield* flipStaged(flip) : ('done' as const)
      if (flipped !== 'done') return flipped
      yield* addMissingScopes(projectId, stage.requiredScopes, nowMs)
      if (override === null) yield* deleteOverride(sourceId, key)
      else yield* putOverride(sourceId, key, { override, nowMs })
      yield* touchPlan(sourceId)
      return flipped
    },
    event: (flipped) =>
      flipped === 'done'
        ? sourceEvent('override', source, { operation: key, fields: Object.keys(override ?? {}) })
        : null,
  })
  checkFlip(outcome)
}

interface OneParts {
  readonly source: OpenapiSource
  readonly tool: Tool
  readonly stage: ToolStage
}

async function stageOne(
  deps: OpenapiDeps,
  { source, tool, stage }: OneParts,
  { key, override }: OverrideChange,
): Promise<void> {
  const { manage } = deps
  const document = await manage.database.read(() => appliedDocument(source))
  if (document === null) return
  const drafted = await draftOne(deps, source, { document, key, override })
  const { draft: bytes, text, draftHash } = drafted
  if (text === null || bytes === null) return
  const draft = draftOfText(text)
  const definition = composeTool({ draft, override, auth: source.auth, current: tool.definition })
  if (drafted.quarantine !== null) throw refuseField('', `makes no tool: ${drafted.quarantine}`)
  manage.checkDefinition(definition, { secret: null, map: draft.map })
  const { id: toolId, version, contentHash } = tool
  const standing = { toolId, version, contentHash, isDeleted: false }
  const isEnabled = override?.isEnabled ?? tool.isEnabled
  const newDraft = { hash: draftHash, draft: bytes }
  const next = { key, standing, definition, isEnabled, draft, draftHash, newDraft }
  await stage.put({ ...next, secret: null })
}

function* toolOf(sourceId: number, key: string): Operation<Tool | null> {
  const link = yield* findSourceTool(sourceId, key)
  return link === null ? null : yield* findTool(link.toolId)
}

function* appliedDocument(source: OpenapiSource): Operation<Uint8Array | null> {
  const hash =
    source.appliedImportId === null ? null : yield* findDocumentHash(source.appliedImportId)
  return hash === null ? null : yield* findDocument(hash)
}

export type { StoredOverride }
