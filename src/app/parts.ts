import { join } from 'node:path'
import type { AccessDeps } from '../access/authenticate.ts'
import type { ConsoleDeps } from '../access/console_session.ts'
import type { ExternalSignIn } from '../access/external_sign_in.ts'
import type { RateLimits } from '../access/rate_limits.ts'
import { SessionTokens } from '../access/session_tokens.ts'
import { SignInRecord } from '../access/sign_in_record.ts'
import { SignInThrottle } from '../access/sign_in_throttle.ts'
import { UsageControl } from '../access/usage_control.ts'
import type { Config } from '../config.ts'
import type { MasterKey } from '../crypto/master_key.ts'
import type { AppError } from '../errors.ts'
import type { ExecutorDeps } from '../executor/call_tool.ts'
import { checkDefinition } from '../executor/check_definition.ts'
import { Connector } from '../executor/connector/connector.ts'
import { fetchDocument } from '../executor/fetch_document.ts'
import { createGuard } from '../executor/guard_target.ts'
import { Ledger } from '../executor/ledger/ledger.ts'
import { createResolver } from '../executor/resolve_host.ts'
import { ToolCache } from '../executor/resolve_tool.ts'
import { Upstreams } from '../executor/upstream/upstreams.ts'
import { UpstreamTokens } from '../executor/upstream_tokens.ts'
import type { Bound } from '../http/listen.ts'
import type { Clock } from '../lib/clock.ts'
import { newRunId } from '../lib/run_id.ts'
import type { Logger } from '../log.ts'
import type { ManageDeps } from '../manage/manage_deps.ts'
import { ImportJobs } from '../manage/openapi/import_jobs.ts'
import type { OpenapiDeps } from '../manage/openapi/openapi_deps.ts'
import { startImportWorker } from '../manage/openapi/start_worker.ts'
import { type McpDeps, McpEndpoint } from '../mcp/mcp_endpoint.ts'
import { maxDocumentBytes } from '../model/client_document.ts'
import type { EgressEntry } from '../model/egress_entry.ts'
import { mcpUrlOf } from '../model/mcp_url.ts'
import { parseRoleMapEntry } from '../model/role_map.ts'
import { setupUrl } from '../model/setup_url.ts'
import { ClientDocuments, readForAdministrator } from '../oauth/client_document.ts'
import { ClientThrottle } from '../oauth/client_throttle.ts'
import type { OauthDeps } from '../oauth/oauth_deps.ts'
import { ClientRegistration } from '../oauth/register_client.ts'
import { findPrincipalNames } from '../store/credential_store.ts'
import type { Database } from '../store/database.ts'
import type { OpenStore } from '../store/open_sqlite.ts'
import { listEnabledTools } from '../store/tool_store.ts'
import { findProjectServing } from '../store/tool_total_store.ts'

/** What the parts are made of. */
export interface Parts {
  readonly config: Config
  readonly logger: Logger
  readonly clock: Clock
  readonly database: Database
  readonly masterKey: MasterKey
  readonly egressEntries: readonly EgressEntry[]
  readonly makeExternal: (people: ConsoleDeps) => ExternalSignIn | null
  readonly store: OpenStore
  readonly storeFailed: Promise<AppError>
}

/**
 * Makes what calls tools.
 * @param own where this process listens; filled once it does
 */
export function createExecutor(parts: Parts, own: readonly Bound['own'][]): ExecutorDeps {
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
  const upstreamTokens = new UpstreamTokens({ guard, connector, clock })
  const { upstreamConcurrency: concurrency, upstreamQueue: queue } = config
  const upstreams = new Upstreams({
    limits: { concurrency, queue },
    onChange: ({ projectId, origin, state, code }) => {
      if (state === 'open') parts.logger.warn('upstream_down', { projectId, origin, code })
      else parts.logger.info('upstream_up', { projectId, origin })
    },
  })
  return {
    database,
    clock,
    masterKey,
    tools,
    guard,
    connector,
    upstreams,
    upstreamTokens,
    ledger: new Ledger(clock, masterKey),
    newRunId,
  }
}

/** Makes what reads credentials. */
export function createAccess({ config, clock, database, masterKey }: Parts): AccessDeps {
  const sessions = new SessionTokens({
    database,
    clock,
    masterKey,
    minutes: config.memberSessionMinutes,
    allowUnverified: config.allowUnverifiedMemberSessionMinting,
  })
  return { database, clock, sessions }
}

/** Makes what holds callers to their quotas. */
export function createUsage({ clock, database, masterKey, logger }: Parts, rates: RateLimits) {
  return new UsageControl({
    clock,
    database,
    masterKey,
    rates,
    onThreshold: ({ owner, id, ...fields }) =>
      logger.warn('usage_threshold', { of: `${owner}:${id}`, ...fields }),
    onThresholdFailed: (cause) => logger.error('usage_threshold_failed', { cause }),
  })
}

/** Makes what people sign in through. */
export function createConsole(parts: Parts, publicUrl: () => string): ConsoleDeps {
  const { config, clock, database, masterKey } = parts
  const setupUrlPath = join(config.dataDir, 'setup-url')
  const throttle = new SignInThrottle(clock)
  const record = new SignInRecord()
  return { database, clock, masterKey, throttle, record, publicUrl, setupUrlPath }
}

/** Loaded where a provider is configured alone: its library takes milliseconds of every start. */
export async function externalSignInMaker(
  config: Config,
  logger: Logger,
  clock: Clock,
): Promise<Parts['makeExternal']> {
  const { oidcIssuer: issuer, oidcClientId: clientId } = config
  if (issuer === null || clientId === null) return () => null
  const [{ ExternalSignIn }, { Provider }] = await Promise.all([
    import('../access/external_sign_in.ts'),
    import('../access/external_sign_in/provider.ts'),
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

/** Makes the MCP endpoint. */
export function createMcp(
  parts: Parts,
  doors: Pick<McpDeps, 'executor' | 'access' | 'limits' | 'usage' | 'resourceMetadataOf'>,
): McpEndpoint {
  const { config, database, masterKey } = parts
  return new McpEndpoint({
    ...doors,
    cursorKey: masterKey.cursorKey,
    pageSize: config.toolsPageSize,
    pageBytes: LIST_PAGE_BYTES,
    maxBodyBytes: config.maxBodyBytes,
    readTools: (projectId, request) => database.read(() => listEnabledTools(projectId, request)),
    readServing: (projectId) => database.read(() => findProjectServing(projectId)),
    readNames: (principal) => database.read(() => findPrincipalNames(principal)),
  })
}

interface OauthParts {
  readonly executor: ExecutorDeps
  readonly publicUrl: () => string
}

/** What bounds fetching a client metadata document (reliability.md case 122). */
const DOCUMENT_LIMITS = { timeoutMs: 3_000, maxBytes: maxDocumentBytes }

/** Makes the authorization server. */
export function createOauth(parts: Parts, { executor, publicUrl }: OauthParts): OauthDeps {
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
  readonly upstreams: Upstreams
  readonly publicUrl: () => string
}

/** Makes what administrators act through. */
export function createManage(parts: Parts, beside: ManageParts): ManageDeps {
  const { oauth, mcp, upstreams, publicUrl } = beside
  const { clock, database, masterKey, egressEntries } = parts
  return {
    database,
    clock,
    masterKey,
    checkDefinition: (definition, beside) => checkDefinition(definition, beside, egressEntries),
    readClientDocument: (url) => readForAdministrator(oauth.documents, url),
    onToolsChanged: (projectId) => mcp.toolsChanged(projectId),
    listUpstreams: (projectId) => upstreams.list(projectId),
    mcpUrlOf: (slug) => mcpUrlOf(publicUrl(), slug),
    setupUrlOf: (token) => setupUrl(publicUrl(), token),
  }
}

/** What bounds fetching and reading an OpenAPI document. */
const OPENAPI_LIMITS = {
  fetch: { timeoutMs: 30_000, maxBytes: 32 * 1024 * 1024 },
  timeoutMs: 60_000,
  maxGrowthBytes: 1024 * 1024 * 1024,
}

interface OpenapiParts {
  readonly executor: ExecutorDeps
  readonly manage: ManageDeps
}

/** Makes what imports OpenAPI documents. */
export function createOpenapi(parts: Parts, { executor, manage }: OpenapiParts): OpenapiDeps {
  const { logger, egressEntries } = parts
  const { guard, connector } = executor
  const { timeoutMs, maxGrowthBytes } = OPENAPI_LIMITS
  return {
    manage,
    jobs: new ImportJobs(),
    startWorker: startImportWorker,
    timeoutMs,
    maxGrowthBytes,
    fetchSource: ({ url, etag, lastModified, signal }) => {
      const headers: [string, string][] = [['accept', 'application/json, application/yaml, */*']]
      if (etag !== null) headers.push(['if-none-match', etag])
      if (lastModified !== null) headers.push(['if-modified-since', lastModified])
      const extras = { ...OPENAPI_LIMITS.fetch, headers, signal }
      return fetchDocument({ guard, connector, egressEntries }, url, extras)
    },
    onImportEnded: ({ cause, ...fields }) => {
      if (cause === undefined) logger.info('openapi_import_ended', fields)
      else logger.warn('openapi_import_ended', { ...fields, cause })
    },
  }
}
