import { AppError } from '../../errors.ts'
import type { Administrator } from '../../model/admin_token.ts'
import type { OpenapiImport, OpenapiSource, PlannedOperation } from '../../model/openapi_import.ts'
import type { OperationFilter } from '../../model/openapi_source.ts'
import { isReadMethod, type Tool } from '../../model/tool.ts'
import type { Operation } from '../../store/database.ts'
import { flipStaged, markApplied } from '../../store/openapi_apply_store.ts'
import { findImport } from '../../store/openapi_import_store.ts'
import { listDangerous } from '../../store/openapi_operation_store.ts'
import { findOverride } from '../../store/openapi_override_store.ts'
import { findSourceTool } from '../../store/openapi_tool_store.ts'
import { addMissingScopes } from '../../store/scope_store.ts'
import { findTool } from '../../store/tool_store.ts'
import { audited } from '../audit.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { composeTool } from './compose_tool.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import { becomesTool } from './plan_operation.ts'
import { planPortions } from './plan_walk.ts'
import { replan } from './replan.ts'
import { type ImportTarget, importInReach, sourceEvent } from './source_reach.ts'
import { checkFlip, openSourceSecret, readDraft, ToolStage } from './stage_tools.ts'
import { tidySource } from './tidy.ts'

/** How a plan is applied. */
export interface ApplyTerms extends ImportTarget {
  readonly acceptDangerous: boolean
  /** Which operations become tools, instead of what the source says; kept from then on. */
  readonly filter: OperationFilter | null
  /** Which new tools are enabled; absent is as planned. */
  readonly enable: { readonly reads?: boolean; readonly writes?: boolean }
}

/** What an apply came to. */
export interface Applied {
  readonly added: number
  readonly changed: number
  readonly removed: number
}

/**
 * Makes a plan come true: every tool of the source changes in the same moment, or none does.
 * @throws AppError import_not_ready, import_superseded, dangerous_changes, version_conflict, name_taken
 */
export async function applyImport(
  deps: OpenapiDeps,
  admin: Administrator,
  terms: ApplyTerms,
): Promise<Applied> {
  const { manage, jobs } = deps
  const { source } = await importInReach(manage, admin, terms)
  const applied = await jobs.change(source.id, () => applyOnce(manage, admin, terms))
  manage.onToolsChanged(source.projectId)
  tidySource(manage, source.id)
  return applied
}

async function applyOnce(
  deps: ManageDeps,
  admin: Administrator,
  terms: ApplyTerms,
): Promise<Applied> {
  const { source, found } = await importInReach(deps, admin, terms)
  checkState(source, found)
  if (terms.filter !== null) await replan(deps, found, terms.filter)
  if (!terms.acceptDangerous) await refuseDangerous(deps, found.id)
  const stage = new ToolStage(deps, admin, source)
  try {
    const applied = await new Applying({ deps, stage, source, terms }).run()
    const change = { source, found, stage, filter: terms.filter ?? found.filter }
    checkFlip(await flip(deps, admin, { ...change, applied }))
    return applied
  } catch (error) {
    await stage.discard()
    throw error
  }
}

function checkState(source: OpenapiSource, { state, planRevision }: OpenapiImport): void {
  if (state === 'superseded' || (state === 'ready' && planRevision !== source.planRevision)) {
    throw new AppError('import_superseded', {
      reason: 'The source or its tools changed after it was planned. Import again.',
    })
  }
  if (state !== 'ready') throw new AppError('import_not_ready', { reason: `It is ${state}.` })
}

/** How many dangerous operations a refusal names. */
const NAMED = 100

async function refuseDangerous({ database }: ManageDeps, importId: number): Promise<void> {
  const { count, first } = await database.read(() => listDangerous(importId, NAMED))
  if (count === 0) return
  const errors = first.map(({ key, name, changes }) => ({
    pointer: `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    message: `${name}: ${changes
      .filter((one) => one['is_dangerous'] === true)
      .map((one) => one['field'])
      .join(', ')}`,
  }))
  const reason = `${count} of them. Look at them, then send accept_dangerous.`
  throw new AppError('dangerous_changes', { reason, errors })
}

interface FlipParts {
  readonly source: OpenapiSource
  readonly found: OpenapiImport
  readonly stage: ToolStage
  readonly filter: OperationFilter
  readonly applied: Applied
}

function flip(deps: ManageDeps, admin: Administrator, parts: FlipParts) {
  const { source, found, stage, filter, applied } = parts
  const { id: sourceId, projectId, revision } = source
  const nowMs = deps.clock.nowMs()
  return audited(deps, admin, {
    operation: function* () {
      const present = yield* findImport(sourceId, found.id)
      if (present?.state === 'cancelled') return 'changed_meanwhile' as const
      const flags = { keepsPrevious: true, clearsSecrets: false }
      const outcome = yield* flipStaged({ sourceId, projectId, revision, nowMs, ...flags })
      if (outcome !== 'done') return outcome
      yield* addMissingScopes(projectId, stage.requiredScopes, nowMs)
      const before = { importId: source.appliedImportId, filter: source.filter }
      const after = { importId: found.id, filter }
      yield* markApplied(sourceId, { before, after }, nowMs)
      return outcome
    },
    event: (outcome) =>
      outcome === 'done' ? sourceEvent('apply', source, { import_id: found.id, ...applied }) : null,
  })
}

interface ApplyParts {
  readonly deps: ManageDeps
  readonly stage: ToolStage
  readonly source: OpenapiSource
  readonly terms: ApplyTerms
}

class Applying {
  private readonly parts: ApplyParts
  private readonly counts = { added: 0, changed: 0, removed: 0 }
  private secret: string | null = null

  constructor(parts: ApplyParts) {
    this.parts = parts
  }

  async run(): Promise<Applied> {
    const { deps, stage, source, terms } = this.parts
    await stage.discard()
    this.secret = await openSourceSecret(deps, source)
    for await (const portion of planPortions(deps, terms.importId)) {
      for (const operation of portion) await this.apply(operation)
    }
    await stage.flush()
    return this.counts
  }

  private async apply(operation: PlannedOperation): Promise<void> {
    const { deps, source, stage } = this.parts
    const { key, draftHash } = operation
    const isTool = becomesTool(operation)
    if (!isTool && operation.change !== 'removed') return
    const present = await deps.database.read(() => presentOf(source.id, key))
    if (!isTool) {
      if (present.tool === null) return
      this.counts.removed++
      const { id: toolId, version } = present.tool
      return stage.remove({ toolId, version, key, draftHash })
    }
    if (present.tool !== null && present.draftHash === draftHash) return
    if (operation.change !== 'unchanged') this.counts[present.tool === null ? 'added' : 'changed']++
    await this.put(operation, present)
  }

  private async put(operation: PlannedOperation, present: Present): Promise<void> {
    const { deps, source, stage } = this.parts
    const { key, draftHash } = operation
    const { tool, override } = present
    const draft = await readDraft(deps, draftHash)
    const current = tool?.definition ?? null
    const definition = composeTool({ draft, override, auth: source.auth, current })
    const standing = tool && {
      toolId: tool.id,
      version: tool.version,
      contentHash: tool.contentHash,
      isDeleted: false,
    }
    const isEnabled = override?.isEnabled ?? tool?.isEnabled ?? this.isEnabled(operation)
    const secret = tool === null && definition.authStrategy !== 'none' ? this.secret : null
    await stage.put({ key, standing, definition, isEnabled, draft, draftHash, secret })
  }

  private isEnabled({ method, isEnabled }: PlannedOperation): boolean {
    const { reads, writes } = this.parts.terms.enable
    return (isReadMethod(method) ? reads : writes) ?? isEnabled
  }
}

interface Present {
  readonly tool: Tool | null
  readonly draftHash: string | null
  readonly override: NonNullable<Parameters<typeof composeTool>[0]['override']> | null
}

function* presentOf(sourceId: number, key: string): Operation<Present> {
  const link = yield* findSourceTool(sourceId, key)
  const tool = link === null ? null : yield* findTool(link.toolId)
  const override = yield* findOverride(sourceId, key)
  return { tool, draftHash: link?.draftHash ?? null, override: override?.override ?? null }
}
