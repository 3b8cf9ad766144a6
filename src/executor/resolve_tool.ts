import type { MasterKey } from '../crypto/master_key.ts'
import type { Clock } from '../lib/clock.ts'
import type { EgressEntry } from '../model/egress_entry.ts'
import type { Database, Operation } from '../store/database.ts'
import { findRequestMap } from '../store/request_map_store.ts'
import { findToolByName, listSecrets } from '../store/tool_store.ts'
import { type CompiledTool, compileTool, type StoredTool } from './compile_tool.ts'

/** What resolving reads. */
export interface ToolCacheDeps {
  readonly database: Database
  readonly clock: Clock
  readonly masterKey: MasterKey
  readonly egressEntries: readonly EgressEntry[]
}

interface ProjectTools {
  readonly epoch: number
  readonly byName: Map<string, CompiledTool>
}

/** How many compiled tools one project keeps; the rest are compiled again when called. */
const MAX_COMPILED = 5_000

/**
 * Compiled tools by (project, epoch) and name. An epoch never comes back, so nothing here can be
 * stale for a caller whose credential was just read; a tool is compiled at its first call.
 */
export class ToolCache {
  private readonly deps: ToolCacheDeps
  private readonly projects = new Map<number, ProjectTools>()

  constructor(deps: ToolCacheDeps) {
    this.deps = deps
  }

  /** Finds a tool of the project by its exact name; null when there is none. */
  async resolve(projectId: number, epoch: number, name: string): Promise<CompiledTool | null> {
    const tools = this.toolsOf(projectId, epoch)
    const known = tools.byName.get(name)
    if (known !== undefined && known.staleAtMs > this.deps.clock.nowMs()) return known
    const found = await this.deps.database.read(() => findStored(projectId, name))
    if (found === null || found.tool.definition.name !== name) return null
    const compiled = this.compile(found)
    if (tools.byName.size >= MAX_COMPILED) tools.byName.clear()
    tools.byName.set(name, compiled)
    return compiled
  }

  /** Compiles a tool as it was just read, with what is kept beside it. */
  compile(found: StoredTool): CompiledTool {
    const { masterKey, egressEntries, clock } = this.deps
    return compileTool(found, { masterKey, egressEntries, nowMs: clock.nowMs() })
  }

  private toolsOf(projectId: number, epoch: number): ProjectTools {
    const known = this.projects.get(projectId)
    if (known !== undefined && known.epoch >= epoch) return known
    const fresh = { epoch, byName: new Map<string, CompiledTool>() }
    this.projects.set(projectId, fresh)
    return fresh
  }
}

function* findStored(projectId: number, name: string): Operation<StoredTool | null> {
  const tool = yield* findToolByName(projectId, name)
  if (tool === null) return null
  const { requestMap } = tool.definition
  const map = requestMap === null ? null : yield* findRequestMap(requestMap)
  return { tool, secrets: yield* listSecrets(tool.id), map }
}
