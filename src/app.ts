import { join } from 'node:path'
import type { AccessDeps } from './access/authenticate.ts'
import type { ConsoleDeps } from './access/console_session.ts'
import type { ExternalSignIn } from './access/external_sign_in.ts'
import { FailedAttempts } from './access/failed_attempts.ts'
import { type FirstOwnerLink, makeFirstOwnerLink } from './access/first_admin.ts'
import { RateLimits } from './access/rate_limits.ts'
import { SessionTokens } from './access/session_tokens.ts'
import { SignInRecord } from './access/sign_in_record.ts'
import { SignInThrottle } from './access/sign_in_throttle.ts'
import type { Config } from './config.ts'
import type { MasterKey } from './crypto/master_key.ts'
import type { ExecutorDeps } from './executor/call_tool.ts'
import { checkDefinition } from './executor/check_definition.ts'
import { Connector } from './executor/connector/connector.ts'
import { fetchDocument } from './executor/fetch_document.ts'
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
import { maxDocumentBytes } from './model/client_document.ts'
import { type EgressEntry, parseEgressEntry } from './model/egress_entry.ts'
import { mcpUrlOf, resourceMetadataUrl } from './model/mcp_url.ts'
import { parseRoleMapEntry } from './model/role_map.ts'
import { setupUrl } from './model/setup_url.ts'
import { ClientDocuments, readForAdministrator } from './oauth/client_document.ts'
import { ClientThrottle } from './oauth/client_throttle.ts'
import type { OauthDeps } from './oauth/oauth_deps.ts'
import { ClientRegistration } from './oauth/register_client.ts'
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
  /** Makes the link for the first owner; null where there is one. Once it listens, not before. */
  firstOwnerLink(): Promise<FirstOwnerLink | null>
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
      makeExternal: await externalSignInMaker(config, logger, clock),
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
  readonly makeExternal: (people: ConsoleDeps) => ExternalSignIn | null
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
  const oauth = createOauth(parts, { executor, publicUrl: () => publicUrl })
  const people = createConsole(parts, () => publicUrl)
  const resourceMetadataOf = (slug: string | null) => resourceMetadataUrl(publicUrl, slug)
  const mcp = createMcp(parts, { executor, access, limits, resourceMetadataOf })
  const http = new HttpApp({
    access,
    console: people,
    external: parts.makeExternal(people),
    executor,
    limits,
    failures: new FailedAttempts(clock, config.failedAuthPerMinute),
    trustedProxies: parseTrustedProxies(config.trustedProxies),
    oauth,
    manage: createManage(parts, {
      oauth,
      mcp,
      mcpUrlOf: (slug) => mcpUrlOf(publicUrl, slug),
      setupUrlOf: (token) => setupUrl(publicUrl, token),
    }),
    mcp,
    resourceMetadataOf,
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
    firstOwnerLink: () => makeFirstOwnerLink(people, 'system'),
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

function createConsole(parts: Parts, publicUrl: () => string): ConsoleDeps {
  const { config, clock, database, masterKey } = parts
  const setupUrlPath = join(config.dataDir, 'setup-url')
  const throttle = new SignInThrottle(clock)
  const record = new SignInRecord()
  return { database, clock, masterKey, throttle, record, publicUrl, setupUrlPath }
}

/** Loaded where a provider is configured alone: its library takes milliseconds of every start. */
async function externalSignInMaker(
  config: Config,
  logger: Logger,
  clock: Clock,
): Promise<Parts['makeExternal']> {
  const { oidcIssuer: issuer, oidcClientId: clientId } = config
  if (issuer === null || clientId === null) return () => null
  const [{ ExternalSignIn }, { Provider }] = await Promise.all([
    import('./access/external_sign_in.ts'),
    import('./access/external_sign_in/provider.ts'),
  ])
  const provider = new Provider({
    issuer,
    clientId,
    clientSecret: config.oidcClientSecret,
    scopes: config.oidcScopes,
    groupsClaim: config.oidcGroupsClaim,
    caPem: config.upstreamCaPem,
    clock,
  })
  const options = {
    provider,
    logger,
    name: config.oidcName,
    isRequired: config.oidcRequired,
    roleMap: config.oidcRoleMap.map(parseRoleMapEntry),
    createsUsers: config.oidcCreateUsers,
  }
  return (people) => new ExternalSignIn({ ...options, console: people })
}

/** Bytes of one page of `tools/list` (reliability.md case 272). */
const LIST_PAGE_BYTES = 1024 * 1024

function createMcp(
  parts: Parts,
  doors: Pick<McpDeps, 'executor' | 'access' | 'limits' | 'resourceMetadataOf'>,
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
    readNames: (principal) => database.read(() => findPrincipalNames(principal)),
  })
}

interface OauthParts {
  readonly executor: ExecutorDeps
  readonly publicUrl: () => string
}

/** What bounds fetching a client metadata document (reliability.md case 122). */
const DOCUMENT_LIMITS = { timeoutMs: 3_000, maxBytes: maxDocumentBytes }

function createOauth(parts: Parts, { executor, publicUrl }: OauthParts): OauthDeps {
  const { config, clock, database, masterKey, logger, egressEntries } = parts
  const { guard, connector } = executor
  const doors = { guard, connector, egressEntries }
  const fetchOne = (url: string) => fetchDocument(doors, url, DOCUMENT_LIMITS)
  const documents = new ClientDocuments({
    database,
    clock,
    fetchDocument: config.fetchClientDocuments ? fetchOne : null,
    onRefused: (url, cause) => logger.warn('client_document_refused', { url, cause }),
  })
  const throttle = new ClientThrottle(clock)
  const registration = new ClientRegistration({ database, clock })
  return { database, clock, documents, throttle, registration, masterKey, logger, publicUrl }
}

interface ManageParts {
  readonly oauth: OauthDeps
  readonly mcp: McpEndpoint
  readonly mcpUrlOf: (slug: string) => string
  readonly setupUrlOf: (token: string) => string
}

function createManage(parts: Parts, { oauth, mcp, mcpUrlOf, setupUrlOf }: ManageParts): ManageDeps {
  const { clock, database, masterKey, egressEntries } = parts
  return {
    database,
    clock,
    masterKey,
    checkDefinition: (definition, secret) => checkDefinition(definition, secret, egressEntries),
    readClientDocument: (url) => readForAdministrator(oauth.documents, url),
    onToolsChanged: (projectId) => mcp.toolsChanged(projectId),
    mcpUrlOf,
    setupUrlOf,
  }
}

async function isReadable(database: Database): Promise<'ready' | 'store_unavailable'> {
  const read = database.read(() => findInstanceValue(masterKeyCheck))
  return read.then(
    () => 'ready',
    () => 'store_unavailable',
  )
}
