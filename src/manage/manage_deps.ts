import type { MasterKey } from '../crypto/master_key.ts'
import type { Clock } from '../lib/clock.ts'
import type { ClientDocument } from '../model/client_document.ts'
import type { RequestMap } from '../model/request_map.ts'
import type { ToolDefinition } from '../model/tool.ts'
import type { UpstreamState } from '../model/upstream_state.ts'
import type { Database } from '../store/database.ts'

/** What a definition is checked together with. */
export interface BesideDefinition {
  /** The new secret in plain text; null where none is given. */
  readonly secret: string | null
  /** What `definition.requestMap` names; null where it names none. */
  readonly map: RequestMap | null
}

/** What managing needs of the house. */
export interface ManageDeps {
  readonly database: Database
  readonly clock: Clock
  readonly masterKey: MasterKey
  /**
   * Whether a definition can be called, by the code that would call it.
   * @throws AppError naming what is wrong
   */
  readonly checkDefinition: (definition: ToolDefinition, beside: BesideDefinition) => void
  /**
   * Fetches a client metadata document and checks it; nothing is kept.
   * @throws AppError validation_failed - it cannot be had or used
   */
  readonly readClientDocument: (url: string) => Promise<ClientDocument>
  /** Told after the tools of a project changed. */
  readonly onToolsChanged: (projectId: number) => void
  /** How the upstreams fare that a project called lately, by origin. */
  readonly listUpstreams: (projectId: number) => readonly UpstreamState[]
  /** Builds the address of a one-time link. */
  readonly setupUrlOf: (token: string) => string
  /** Builds the MCP URL of a project. */
  readonly mcpUrlOf: (slug: string) => string
}
