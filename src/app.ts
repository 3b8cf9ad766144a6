import type { AccessDeps } from './access/authenticate.ts'
import { FailedAttempts } from './access/failed_attempts.ts'
import { RateLimits } from './access/rate_limits.ts'
import { SessionTokens } from './access/session_tokens.ts'
import type { Config } from './config.ts'
import type { MasterKey } from './crypto/master_key.ts'
import type { ExecutorDeps } from './executor/call_tool.ts'
import { checkDefinition } from './executor/check_definition.ts'
import { Connector } from './executor/connector/connector.ts'
import { createGuard } from './executor/guard_target.ts'
import { createResolver } from './executor/resolve_host.ts'
import { ToolCache } from './executor/resolve_tool.ts'
import { HttpApp } from './http/app.ts'
import { parseTrustedProxies } from './http/client_address.ts'
import type { Bound, Served } from './http/listen.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { newRunId } from './lib/run_id.ts'
import type { Logger } from './log.ts'
import type { ManageDeps } from './manage/manage_deps.ts'
import { masterKeyCheck, unlockStore } from './manage/unlock_store.ts'
import { type McpDeps, McpEndpoint } from './mcp/mcp_endpoint.ts'
import { type EgressEntry, parseEgressEntry } from './model/egress_entry.ts'
import { findPrincipalNames } from './store/credential_store.ts'
import type { Database } from './store/database.ts'
import { findInstanceValue } from './store/instance_store.ts'
import { openSqlite } from './store/open_sqlite.ts'
import { closeAbandonedRuns } from './store/run_store.ts'
import { listEnabledTools } from './store/tool_store.ts'

/** The whole product behind one function of a request. */
export interface App extends Served {
  /** Closes runs a dead process left open, once, before anything is served. */
  start(): Promise<void>
  /** Ends what would never end by itself, the streams clients listen on; `/readyz` says 503 from now on. */
  drain(): Promise<void>
  /** Ends streams and upstream connections, flushes and closes the store. */
  close(): Promise<void>
}

/** What tests replace of the outside world. */
export interface AppOverrides {
  readonly clock?: Clock
}

/**
 * Opens the product on its data directory, made at first start. The one place where parts meet.
 * @throws AppError wrong_master_key, store_locked, store_too_new, store_unusable - nothing was changed
 */
export async function openApp(
  config: Config,
  logger: Logger,
  overrides: AppOverrides = {},
): Promise<App> {
  const clock = overrides.clock ?? systemClock
  const store = openSqlite(config.dataDir, (cause) => logger.error('store_failed', { cause }))
  try {
    const { database } = store
    const masterKey = await unlockStore(database, config)
    store.migrate()
    const egressEntries = config.egressAllow.map(parseEgressEntry)
    return assemble({
      config,
      logger,
      clock,
      database,
      masterKey,
      egressEntries,
      close: () => store.close(),
    })
  } catch (error) {
    await store.close()
    throw error
  }
}

interface Parts {
  readonly config: Config
  readonly logger: Logger
  readonly clock: Clock
  readonly database: Database
  readonly masterKey: MasterKey
  readonly egressEntries: readonly EgressEntry[]
  readonly close: () => Promise<void>
}

function assemble(parts: Parts): App {
  const { config, logger, clock, database } = parts
  const own: Bound['own'][] = []
  let publicUrl = config.publicUrl ?? ''
  let isDraining = false
  const executor = createExecutor(parts, own)
  const access = createAccess(parts)
  const limits = new RateLimits(clock)
  const mcp = createMcp(parts, { executor, access, limits })
  const http = new HttpApp({
    access,
    executor,
    limits,
    failures: new FailedAttempts(clock, config.failedAuthPerMinute),
    trustedProxies: parseTrustedProxies(config.trustedProxies),
    manage: createManage(parts, { mcp, mcpUrlOf: (slug) => `${publicUrl}/mcp/${slug}` }),
    mcp,
    logger,
    maxInFlight: config.maxInFlight,
    readiness: async () => (isDraining ? 'shutting_down' : isReadable(database)),
  })
  return {
    fetch: (request, peer) => http.fetch(request, peer),
    bound: (bound) => {
      http.rules = bound.rules
      publicUrl = bound.publicUrl
      own.push(bound.own)
    },
    start: async () => {
      const count = await database.write(() => closeAbandonedRuns(clock.nowMs()))
      if (count > 0) logger.warn('runs_left_unknown', { count })
      if (config.allowUnverifiedMemberSessionMinting) logger.warn('unverified_minting_allowed')
    },
    drain: () => {
      isDraining = true
      return mcp.close()
    },
    close: async () => {
      isDraining = true
      await mcp.close()
      executor.connector.close()
      await parts.close()
    },
  }
}

/** @param own where this process listens; filled once it does */
function createExecutor(parts: Parts, own: readonly Bound['own'][]): ExecutorDeps {
  const { config, clock, database, masterKey, egressEntries } = parts
  const tools = new ToolCache({ database, clock, masterKey, egressEntries })
  const guard = createGuard({
    resolver: createResolver(),
    entries: egressEntries,
    ownAddresses: () => own,
  })
  const connector = new Connector({
    extraCas: config.upstreamCaPem === null ? [] : [config.upstreamCaPem],
  })
  return { database, clock, masterKey, tools, guard, connector, newRunId }
}

function createAccess({ config, clock, database, masterKey }: Parts): AccessDeps {
  const sessions = new SessionTokens({
    database,
    clock,
    masterKey,
    minutes: config.memberSessionMinutes,
    allowUnverified: config.allowUnverifiedMemberSessionMinting,
  })
  return { database, clock, sessions }
}

/** Bytes of one page of `tools/list` (reliability.md case 272). */
const LIST_PAGE_BYTES = 1024 * 1024

function createMcp(
  parts: Parts,
  doors: Pick<McpDeps, 'executor' | 'access' | 'limits'>,
): McpEndpoint {
  const { config, database, masterKey } = parts
  return new McpEndpoint({
    ...doors,
    cursorKey: masterKey.cursorKey,
    pageSize: config.toolsPageSize,
    pageBytes: LIST_PAGE_BYTES,
    maxBodyBytes: config.maxBodyBytes,
    readTools: (projectId, limit, position) =>
      database.read(() => listEnabledTools(projectId, limit, position)),
    readNames: ({ projectId, integrationId }) =>
      database.read(() => findPrincipalNames(projectId, integrationId)),
  })
}

interface ManageParts {
  readonly mcp: McpEndpoint
  readonly mcpUrlOf: (slug: string) => string
}

function createManage(parts: Parts, { mcp, mcpUrlOf }: ManageParts): ManageDeps {
  const { clock, database, masterKey, egressEntries } = parts
  return {
    database,
    clock,
    masterKey,
    checkDefinition: (definition, secret) => checkDefinition(definition, secret, egressEntries),
    onToolsChanged: (projectId) => mcp.toolsChanged(projectId),
    mcpUrlOf,
  }
}

async function isReadable(database: Database): Promise<'ready' | 'store_unavailable'> {
  const read = database.read(() => findInstanceValue(masterKeyCheck))
  return read.then(
    () => 'ready',
    () => 'store_unavailable',
  )
}
