import { seal, unseal } from '../../crypto/seal.ts'
import { AppError } from '../../errors.ts'
import type { OperationDraft } from '../../importer/operation_draft.ts'
import type { Administrator } from '../../model/admin_token.ts'
import { listTokensOf } from '../../model/listed_tool.ts'
import type { OpenapiSource } from '../../model/openapi_import.ts'
import type { ToolDefinition } from '../../model/tool.ts'
import type { Operation } from '../../store/database.ts'
import {
  discardStaged,
  type FlipOutcome,
  insertHiddenTool,
  type StagedTool,
  stageTool,
  stageVersion,
} from '../../store/openapi_apply_store.ts'
import { findDraft, type KeptDraft, putDrafts } from '../../store/openapi_operation_store.ts'
import { findSourceSecret } from '../../store/openapi_source_store.ts'
import { packed, unpacked } from '../../store/packed_json.ts'
import { putPackedRequestMap } from '../../store/request_map_store.ts'
import type { NewVersion } from '../../store/tool_store.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { contentHashOf } from './compose_tool.ts'
import { draftOfText } from './draft_text.ts'
import { Slices } from './slices.ts'

/** Where a tool stands that is to change; null for one to be made. */
export interface Standing {
  readonly toolId: number
  readonly version: number
  readonly contentHash: string
  readonly isDeleted: boolean
}

/** What a tool is to be. */
export interface NextTool {
  readonly key: string
  readonly standing: Standing | null
  readonly definition: ToolDefinition
  readonly isEnabled: boolean
  readonly draft: OperationDraft
  readonly draftHash: string
  /** Its secret in plain text; null keeps the one it has. */
  readonly secret: string | null
  /** The draft as it is to be kept; absent where it is kept already. */
  readonly newDraft?: KeptDraft
}

/** What registering a tool allows. */
const MAX_TAGS = 32
const MAX_TAG_LENGTH = 100

/** Bytes that are written in one transaction, and how many tools. */
const PORTION_BYTES = 128 * 1024
const PORTION_TOOLS = 24

/** Prepares changes of a source's tools, a little at a time and unseen, to take effect at once. */
export class ToolStage {
  private readonly deps: ManageDeps
  private readonly admin: Administrator
  private readonly source: OpenapiSource
  private readonly slices = new Slices()
  private readonly scopes = new Set<string>()
  private queued: (() => Operation<boolean>)[] = []
  private queuedBytes = 0

  constructor(deps: ManageDeps, admin: Administrator, source: OpenapiSource) {
    this.deps = deps
    this.admin = admin
    this.source = source
  }

  /** Scopes that the staged tools require. */
  get requiredScopes(): readonly string[] {
    return [...this.scopes]
  }

  /** Stages a tool as it is to be. */
  async put(next: NextTool): Promise<void> {
    for (const scope of next.definition.requiredScopes) this.scopes.add(scope)
    const { definition, draft } = next
    const version = this.versionOf(definition)
    const map = packed(draft.map)
    const bytes = JSON.stringify(definition).length + map.byteLength
    await this.queue(bytes, () => this.putOne(next, version, map))
  }

  private *putOne(next: NextTool, version: NewVersion, map: Uint8Array): Operation<boolean> {
    const { requestMap } = next.definition
    if (requestMap !== null) yield* putPackedRequestMap(requestMap, map)
    const { standing, newDraft } = next
    if (newDraft !== undefined) yield* putDrafts([newDraft])
    if (standing === null) {
      const toolId = yield* insertHiddenTool(this.source.projectId, version)
      const fresh = { toolId, version: 1, contentHash: version.contentHash, isDeleted: true }
      yield* stageTool({ ...this.row(next, fresh), isNew: true })
      return true
    }
    const isSame = standing.contentHash === version.contentHash
    if (!isSame && !(yield* stageVersion(standing.toolId, standing.version, version))) return false
    const row = this.row(next, standing)
    yield* stageTool({ ...row, version: standing.version + (isSame ? 0 : 1) })
    return true
  }

  private row(next: NextTool, standing: Standing): StagedTool {
    const { definition, secret, draft } = next
    const { toolId } = standing
    const { projectId } = this.source
    const context = { projectId, toolId, field: 'auth_secret' }
    return {
      sourceId: this.source.id,
      toolId,
      key: next.key,
      baseVersion: standing.version,
      wasDeleted: standing.isDeleted,
      isNew: false,
      version: standing.version,
      name: definition.name,
      isEnabled: next.isEnabled,
      isDeleted: false,
      tags: draft.tags.slice(0, MAX_TAGS).map((tag) => tag.slice(0, MAX_TAG_LENGTH)),
      listTokens: listTokensOf(definition),
      requiredScopes: definition.requiredScopes,
      draftHash: next.draftHash,
      sealed: secret === null ? null : seal(this.deps.masterKey, context, secret),
    }
  }

  /** Stages that a tool is no more. */
  async remove(tool: {
    readonly toolId: number
    readonly version: number
    readonly key: string
    readonly draftHash: string
  }): Promise<void> {
    const { toolId, version, key, draftHash } = tool
    const staged: StagedTool = {
      ...{ sourceId: this.source.id, toolId, key, draftHash, version, baseVersion: version },
      ...{ wasDeleted: false, isNew: false, isEnabled: false, isDeleted: true },
      // What is deleted gives its name up.
      ...{ name: `~${toolId}`, tags: [], listTokens: 0, requiredScopes: [], sealed: null },
    }
    await this.queue(100, function* () {
      yield* stageTool(staged)
      return true
    })
  }

  private versionOf(definition: ToolDefinition): NewVersion {
    const contentHash = contentHashOf(definition)
    const nowMs = this.deps.clock.nowMs()
    return { definition, contentHash, createdBy: this.admin.label, nowMs }
  }

  private async queue(bytes: number, operation: () => Operation<boolean>): Promise<void> {
    this.queued.push(operation)
    this.queuedBytes += bytes
    if (this.queued.length >= PORTION_TOOLS || this.queuedBytes >= PORTION_BYTES) await this.flush()
    else await this.slices.breathe()
  }

  /** Writes what is left. @throws AppError version_conflict - a tool was changed meanwhile */
  async flush(): Promise<void> {
    const queued = this.queued
    this.queued = []
    this.queuedBytes = 0
    const isFresh = await this.deps.database.write(function* () {
      for (const operation of queued) if (!(yield* operation())) return false
      return true
    })
    if (!isFresh) throw changedMeanwhile()
    await this.slices.breathe()
  }

  /** Removes whatever was staged and has not taken effect. */
  async discard(): Promise<void> {
    const { id } = this.source
    while (await this.deps.database.write(() => discardStaged(id, PORTION_TOOLS))) {
      await this.slices.breathe()
    }
  }
}

/** A tool of the source changed while others were being prepared; nothing took effect. */
const changedMeanwhile = () =>
  new AppError('version_conflict', {
    reason: 'A tool of the source, or the source, was changed meanwhile. Nothing took effect.',
  })

/** Refuses what kept a change from taking effect. @throws AppError version_conflict, name_taken */
export function checkFlip(outcome: FlipOutcome): void {
  if (outcome === 'done') return
  if (outcome === 'changed_meanwhile') throw changedMeanwhile()
  throw new AppError('name_taken', {
    reason: 'Another tool of the project took a name meanwhile. Import again.',
  })
}

/** Opens the secret that the tools of a source share; null where there is none. */
export async function openSourceSecret(
  deps: ManageDeps,
  { id, projectId }: Pick<OpenapiSource, 'id' | 'projectId'>,
): Promise<string | null> {
  const sealed = await deps.database.read(() => findSourceSecret(id))
  return sealed && unseal(deps.masterKey, sourceSecretContext(projectId, id), sealed)
}

/** What the secret of a source is bound to. */
export const sourceSecretContext = (projectId: number, sourceId: number) => ({
  projectId,
  toolId: 0,
  field: `openapi_source:${sourceId}`,
})

/** Reads a kept draft. @throws Error - it is gone, which is never the fault of who asks */
export async function readDraft({ database }: ManageDeps, hash: string): Promise<OperationDraft> {
  const draft = await database.read(() => findDraft(hash))
  if (draft === null) throw new Error('a draft that a tool refers to is gone')
  return draftOfText(unpacked(draft))
}
