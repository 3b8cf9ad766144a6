import { sha256Hex } from '../crypto/digest.ts'
import { seal, unseal } from '../crypto/seal.ts'
import { AppError } from '../errors.ts'
import { canonicalJson } from '../lib/canonical_json.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Administrator } from '../model/admin_token.ts'
import { isBuiltinToolName } from '../model/builtin_tool_names.ts'
import type { RequestMap } from '../model/request_map.ts'
import type { Tool, ToolDefinition } from '../model/tool.ts'
import type { Operation } from '../store/database.ts'
import { findProject } from '../store/project_store.ts'
import { findRequestMap } from '../store/request_map_store.ts'
import { addMissingScopes } from '../store/scope_store.ts'
import {
  deleteSecret,
  findTool,
  findVersion,
  insertTool,
  listTools as listAll,
  listVersions as listAllVersions,
  listSecrets,
  putSecret,
  deleteTool as removeTool,
  type SealedSecret,
  type ToolVersion,
  updateTool as writeTool,
} from '../store/tool_store.ts'
import { audited, changesBetween } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { importedToolEdit } from './openapi/imported_tool_edit.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { inReach, notFound, projectInReach } from './reach.ts'

/** A tool as it is shown: whether it has a secret, never the secret. */
export interface ToolView {
  readonly tool: Tool
  readonly hasAuthSecret: boolean
  /** Until when the secret before the last change still signs; null when there is none. */
  readonly previousSecretExpiresAtMs: number | null
}

/** What may be said of a tool's secret when it is written. */
export interface SecretChange {
  /** The new secret in plain text; '' deletes it; absent keeps it. */
  readonly secret?: string
  /** Keeps signing with the old secret too until then. */
  readonly keepPreviousUntilMs?: number
}

/** Registers a tool. @throws AppError - each registration error of wire.md §5, name_taken */
export async function createTool(
  deps: ManageDeps,
  admin: Administrator,
  input: SecretChange & {
    readonly projectId: number | null
    readonly definition: ToolDefinition
    readonly isEnabled: boolean
    readonly isPinned?: boolean
    readonly tags?: readonly string[]
  },
): Promise<ToolView> {
  const projectId = projectInReach(admin, input.projectId)
  const { definition, isEnabled, isPinned = false, tags = [] } = input
  const secret = input.secret === undefined || input.secret === '' ? null : input.secret
  const hasSecret = secret !== null
  checkDefinition(deps, definition, { secret, hasSecret, map: await mapOf(deps, definition) })
  if ((await deps.database.read(() => findProject(projectId))) === null) throw notFound('project')
  const version = newVersion(deps, admin, definition)
  const created = await audited(deps, admin, {
    operation: function* (): Operation<Tool | null> {
      const id = yield* insertTool({ ...version, projectId, isEnabled, isPinned, tags })
      if (id === null) return null
      yield* addMissingScopes(projectId, definition.requiredScopes, version.nowMs)
      if (secret !== null)
        yield* sealSecret(deps, { projectId, id }, { field: 'auth_secret', secret })
      return yield* findTool(id)
    },
    event: (tool) => tool && toolEvent('create', tool, {}),
  })
  if (created === null) throw nameTaken(definition.name)
  deps.onToolsChanged(projectId)
  return viewTool(deps, created)
}

/** Lists a project's tools. */
export async function listTools(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & { readonly projectId: number | null },
): Promise<CursorPage<ToolView>> {
  const projectId = projectInReach(admin, request.projectId)
  const list = (position: string | null) => listAll(projectId, request.limit, position)
  const page = await readPage(deps, `tools|${projectId}`, { ...request, list })
  const items = await Promise.all(page.items.map((tool) => viewTool(deps, tool)))
  return { items, nextCursor: page.nextCursor }
}

/** Finds a tool. @throws AppError not_found */
export async function getTool(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<ToolView> {
  return viewTool(deps, await toolInReach(deps, admin, id))
}

/** Which parts of a tool change; the others stay. */
export interface ToolChange extends SecretChange {
  readonly definition: Partial<ToolDefinition>
  readonly isEnabled?: boolean
  readonly isPinned?: boolean
  readonly tags?: readonly string[]
}

/** Edits a tool: changed content becomes a new immutable version. */
export async function updateTool(
  deps: ManageDeps,
  admin: Administrator,
  target: { readonly id: number; readonly change: ToolChange },
): Promise<ToolView> {
  const { change } = target
  const tool = await toolInReach(deps, admin, target.id)
  const definition = { ...tool.definition, ...change.definition }
  const secrets = await deps.database.read(() => listSecrets(tool.id))
  const secretState = secretAfter(deps, tool, { change, definition, secrets })
  const map = await mapOf(deps, definition)
  checkDefinition(deps, definition, { ...secretState, map })
  const { isEnabled = tool.isEnabled, isPinned = tool.isPinned, tags = tool.tags } = change
  const beside = { tool, isEnabled, isPinned, tags }
  const edit = { ...newVersion(deps, admin, definition), ...beside }
  const keepOverride = await importedToolEdit(deps, tool, change)
  const outcome = await audited(deps, admin, {
    operation: function* () {
      const written = yield* writeTool(edit)
      const isNewStrategy = definition.authStrategy !== tool.definition.authStrategy
      if (written !== 'written') return written
      yield* addMissingScopes(tool.projectId, definition.requiredScopes, edit.nowMs)
      yield* writeSecrets(deps, tool, { change, secrets, isNewStrategy })
      if (keepOverride !== null) yield* keepOverride(edit.nowMs)
      return written
    },
    event: (written) =>
      written === 'written' ? toolEvent('update', tool, toolChanges(tool, edit, change)) : null,
  })
  if (outcome === 'name_taken') throw nameTaken(definition.name)
  if (outcome === 'changed_meanwhile') throw new AppError('version_conflict')
  deps.onToolsChanged(tool.projectId)
  return getTool(deps, admin, tool.id)
}

/** Makes the content of an earlier version current again, as a new version. */
export async function rollbackTool(
  deps: ManageDeps,
  admin: Administrator,
  target: { readonly id: number; readonly version: number },
): Promise<ToolView> {
  const tool = await toolInReach(deps, admin, target.id)
  const earlier = await deps.database.read(() => findVersion(tool.id, target.version))
  if (earlier === null) throw notFound('version of this tool')
  const change = { definition: earlier.definition }
  return updateTool(deps, admin, { id: tool.id, change })
}

/** Lists a tool's versions, newest first. */
export async function listToolVersions(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & { readonly id: number },
): Promise<CursorPage<ToolVersion>> {
  const tool = await toolInReach(deps, admin, request.id)
  const list = (position: string | null) => listAllVersions(tool.id, request.limit, position)
  return readPage(deps, `versions|${tool.id}`, { ...request, list })
}

/** Deletes a tool; its history and runs stay on record. */
export async function deleteTool(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<void> {
  const tool = await toolInReach(deps, admin, id)
  const nowMs = deps.clock.nowMs()
  await audited(deps, admin, {
    operation: () => removeTool(tool, nowMs),
    event: () => toolEvent('delete', tool, {}),
  })
  deps.onToolsChanged(tool.projectId)
}

/** Finds a tool of a project in reach. @throws AppError not_found */
export async function toolInReach(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<Tool> {
  return inReach(admin, await deps.database.read(() => findTool(id)), 'tool')
}

const toolEvent = (verb: string, tool: Tool, details: JsonObject) => ({
  action: `tool.${verb}`,
  target: `tool:${tool.id}`,
  projectId: tool.projectId,
  details: { name: tool.definition.name, ...details },
})

/** Which fields of a tool change; what was in them is in its versions. */
function toolChanges(
  tool: Tool,
  edit: Pick<Tool, 'definition' | 'isEnabled' | 'isPinned' | 'tags'>,
  { secret }: SecretChange,
): JsonObject {
  const fields = Object.keys(changesBetween(tool.definition, edit.definition))
  return {
    fields: secret === undefined ? fields : [...fields, 'auth_secret'],
    ...(tool.isEnabled === edit.isEnabled ? {} : { is_enabled: edit.isEnabled }),
    ...(tool.isPinned === edit.isPinned ? {} : { is_pinned: edit.isPinned }),
    ...(Bun.deepEquals(tool.tags, edit.tags) ? {} : { tags: [...edit.tags] }),
  }
}

async function viewTool(deps: ManageDeps, tool: Tool): Promise<ToolView> {
  const secrets = await deps.database.read(() => listSecrets(tool.id))
  const previous = secrets.find((secret) => secret.field === 'previous_auth_secret')
  const isLive = (previous?.expiresAtMs ?? 0) > deps.clock.nowMs()
  return {
    tool,
    hasAuthSecret: secrets.some((secret) => secret.field === 'auth_secret'),
    previousSecretExpiresAtMs: isLive ? (previous?.expiresAtMs ?? null) : null,
  }
}

interface SecretState {
  readonly secret: string | null
  readonly hasSecret: boolean
}

interface SecretPlan {
  readonly change: SecretChange
  readonly definition: ToolDefinition
  readonly secrets: readonly SealedSecret[]
}

/**
 * What the tool's secret will be. A kept one is opened where another strategy is to use it, so that
 * it is checked for that strategy like a new one.
 */
function secretAfter(deps: ManageDeps, tool: Tool, plan: SecretPlan): SecretState {
  const { change, definition } = plan
  if (change.secret === undefined) {
    const kept = plan.secrets.find((secret) => secret.field === 'auth_secret')
    if (change.keepPreviousUntilMs !== undefined) throw nothingReplaced()
    const isReused = kept !== undefined && definition.authStrategy !== tool.definition.authStrategy
    return { secret: isReused ? openSecret(deps, tool, kept) : null, hasSecret: kept !== undefined }
  }
  const secret = change.secret === '' ? null : change.secret
  return { secret, hasSecret: secret !== null }
}

const nothingReplaced = () =>
  new AppError('validation_failed', {
    errors: [
      {
        pointer: '/keep_previous_secret_until',
        message: 'goes with a new encrypted_auth_secret',
      },
    ],
  })

function openSecret(deps: ManageDeps, tool: Tool, { field, sealed }: SealedSecret): string {
  return unseal(deps.masterKey, { projectId: tool.projectId, toolId: tool.id, field }, sealed)
}

async function mapOf({ database }: ManageDeps, { requestMap }: ToolDefinition) {
  return requestMap === null ? null : database.read(() => findRequestMap(requestMap))
}

function checkDefinition(
  deps: ManageDeps,
  definition: ToolDefinition,
  state: SecretState & { readonly map: RequestMap | null },
): void {
  const { authStrategy, name } = definition
  if (isBuiltinToolName(name)) throw nameTaken(name)
  deps.checkDefinition(definition, state)
  if (authStrategy !== 'none' && !state.hasSecret) {
    throw new AppError('auth_secret_required', {
      detail: `encrypted_auth_secret is required when auth_strategy is '${authStrategy}'`,
    })
  }
}

function newVersion(deps: ManageDeps, admin: Administrator, definition: ToolDefinition) {
  const contentHash = sha256Hex(canonicalJson(definition as unknown as JsonObject))
  return { definition, contentHash, createdBy: admin.label, nowMs: deps.clock.nowMs() }
}

const nameTaken = (name: string) =>
  new AppError('name_taken', {
    errors: [{ pointer: '/name', message: `"${name}" is the name of another tool of the project` }],
  })

interface SecretWrite {
  readonly change: SecretChange
  readonly secrets: readonly SealedSecret[]
  /** A secret replaced before then is of no use to the new strategy. */
  readonly isNewStrategy: boolean
}

function* writeSecrets(deps: ManageDeps, tool: Tool, write: SecretWrite): Operation<void> {
  const { secret, keepPreviousUntilMs = 0 } = write.change
  if (secret === undefined && !write.isNewStrategy) return
  const current = write.secrets.find(({ field }) => field === 'auth_secret')
  const isKept = keepPreviousUntilMs > deps.clock.nowMs() && !write.isNewStrategy
  if (isKept && current !== undefined && secret !== '') {
    yield* keepPrevious(deps, tool, { current, expiresAtMs: keepPreviousUntilMs })
  } else yield* deleteSecret(tool.id, 'previous_auth_secret')
  if (secret === '') yield* deleteSecret(tool.id, 'auth_secret')
  else if (secret !== undefined) yield* sealSecret(deps, tool, { field: 'auth_secret', secret })
}

/** The old secret is sealed anew: what is sealed is bound to its field. */
function* keepPrevious(
  deps: ManageDeps,
  tool: Tool,
  keep: { readonly current: SealedSecret; readonly expiresAtMs: number },
): Operation<void> {
  const secret = openSecret(deps, tool, keep.current)
  const { expiresAtMs } = keep
  yield* sealSecret(deps, tool, { field: 'previous_auth_secret', secret, expiresAtMs })
}

interface PlainSecret {
  readonly field: SealedSecret['field']
  readonly secret: string
  readonly expiresAtMs?: number
}

function* sealSecret(
  deps: ManageDeps,
  tool: { readonly projectId: number; readonly id: number },
  plain: PlainSecret,
): Operation<void> {
  const { field, secret } = plain
  const sealed = seal(deps.masterKey, { projectId: tool.projectId, toolId: tool.id, field }, secret)
  const row = { field, sealed, expiresAtMs: plain.expiresAtMs ?? null }
  yield* putSecret(tool.id, row, deps.clock.nowMs())
}

export type { ToolVersion }
