import { AppError } from '../../errors.ts'
import type { Administrator } from '../../model/admin_token.ts'
import type { OpenapiSource } from '../../model/openapi_import.ts'
import type { Operation } from '../../store/database.ts'
import { findRollback, flipStaged, markRolledBack } from '../../store/openapi_apply_store.ts'
import {
  findToolStanding,
  listPreviousTools,
  listToolsSince,
  type PreviousTool,
  type ToolStanding,
} from '../../store/openapi_tool_store.ts'
import { findVersion, type ToolVersion } from '../../store/tool_store.ts'
import { audited } from '../audit.ts'
import type { ManageDeps } from '../manage_deps.ts'
import type { Applied } from './apply_import.ts'
import { contentHashOf, ownAuth } from './compose_tool.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import { sourceEvent, sourceInReach } from './source_reach.ts'
import { checkFlip, readDraft, ToolStage } from './stage_tools.ts'
import { tidySource } from './tidy.ts'

/**
 * Makes the tools of a source in one moment what they were before the last apply: definitions,
 * enabled flags, and those that it deleted. How a tool proves itself stays: no apply changed that.
 * @throws AppError nothing_to_roll_back, version_conflict, name_taken
 */
export async function rollbackSource(
  deps: OpenapiDeps,
  admin: Administrator,
  id: number,
): Promise<Applied> {
  const { manage, jobs } = deps
  const { projectId } = await sourceInReach(manage, admin, id)
  const applied = await jobs.change(id, () => rollbackOnce(manage, admin, id))
  manage.onToolsChanged(projectId)
  tidySource(manage, id)
  return applied
}

async function rollbackOnce(deps: ManageDeps, admin: Administrator, id: number): Promise<Applied> {
  const source = await sourceInReach(deps, admin, id)
  const to = await deps.database.read(() => findRollback(id))
  if (to === null) {
    throw new AppError('nothing_to_roll_back', { reason: 'One step back is as far as it goes.' })
  }
  const stage = new ToolStage(deps, admin, source)
  try {
    await stage.discard()
    const applied = { ...(await restore(deps, source, stage)), removed: 0 }
    applied.removed = await removeSince(deps, source, stage)
    await stage.flush()
    const { projectId, revision } = source
    const nowMs = deps.clock.nowMs()
    const undone = source.appliedImportId
    const outcome = await audited(deps, admin, {
      operation: function* () {
        const flags = { keepsPrevious: false, clearsSecrets: false }
        const flipped = yield* flipStaged({ sourceId: id, projectId, revision, nowMs, ...flags })
        if (flipped === 'done') yield* markRolledBack(id, { undone, to }, nowMs)
        return flipped
      },
      event: (flipped) => (flipped === 'done' ? sourceEvent('rollback', source, applied) : null),
    })
    checkFlip(outcome)
    return applied
  } catch (error) {
    await stage.discard()
    throw error
  }
}

/** Each has two definitions to be read. */
const PORTION = 10

async function restore(
  deps: ManageDeps,
  source: OpenapiSource,
  stage: ToolStage,
): Promise<Omit<Applied, 'removed'>> {
  const counts = { added: 0, changed: 0 }
  let afterId = 0
  for (;;) {
    const from = afterId
    const portion = await deps.database.read(() => previousPortion(source.id, from))
    for (const { tool, standing, current, version } of portion) {
      afterId = tool.toolId
      if (standing === null || version === null) continue
      const draft = await readDraft(deps, tool.draftHash)
      const definition = { ...version.definition, ...(current && ownAuth(current.definition)) }
      const isSame = standing.contentHash === contentHashOf(definition)
      if (standing.isDeleted) counts.added++
      else if (!isSame || standing.isEnabled !== tool.isEnabled) counts.changed++
      await stage.put({
        key: tool.key,
        standing: { toolId: tool.toolId, ...standing },
        definition,
        isEnabled: tool.isEnabled,
        draft,
        draftHash: tool.draftHash,
        secret: null,
      })
    }
    if (portion.length < PORTION) return counts
  }
}

interface PreviousState {
  readonly tool: PreviousTool
  readonly standing: ToolStanding | null
  /** As it is now; null for one that is deleted. */
  readonly current: ToolVersion | null
  readonly version: ToolVersion | null
}

function* previousPortion(sourceId: number, afterId: number): Operation<readonly PreviousState[]> {
  const found: PreviousState[] = []
  for (const tool of yield* listPreviousTools(sourceId, PORTION, afterId)) {
    const standing = yield* findToolStanding(tool.toolId)
    const current =
      standing === null || standing.isDeleted
        ? null
        : yield* findVersion(tool.toolId, standing.version)
    const version = yield* findVersion(tool.toolId, tool.version)
    found.push({ tool, standing, current, version })
  }
  return found
}

async function removeSince(
  deps: ManageDeps,
  source: OpenapiSource,
  stage: ToolStage,
): Promise<number> {
  let count = 0
  let afterId = 0
  for (;;) {
    const from = afterId
    const tools = await deps.database.read(() => listToolsSince(source.id, PORTION, from))
    for (const tool of tools) {
      afterId = tool.toolId
      count++
      await stage.remove(tool)
    }
    if (tools.length < PORTION) return count
  }
}
