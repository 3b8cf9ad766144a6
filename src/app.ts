import { FailedAttempts } from './access/failed_attempts.ts'
import { type FirstOwnerLink, makeFirstOwnerLink } from './access/first_admin.ts'
import { RateLimits } from './access/rate_limits.ts'
import {
  createAccess,
  createConsole,
  createExecutor,
  createManage,
  createMcp,
  createOauth,
  createOpenapi,
  createUsage,
  externalSignInMaker,
  type Parts,
} from './app/parts.ts'
import { settlePast, startRounds } from './app/rounds.ts'
import {
  readyState,
  refusingDamage,
  type Serving,
  startServing,
  storeEventLog,
} from './app/store_standing.ts'
import type { Config } from './config.ts'
import type { AppError } from './errors.ts'
import { HttpApp } from './http/app.ts'
import { parseTrustedProxies } from './http/client_address.ts'
import type { Bound, Served } from './http/listen.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import type { Logger } from './log.ts'
import { unlockStore } from './manage/unlock_store.ts'
import { parseEgressEntry } from './model/egress_entry.ts'
import { resourceMetadataUrl } from './model/mcp_url.ts'
import { openSqlite } from './store/open_sqlite.ts'
import { findChallengeScopes } from './store/policy_store.ts'

/** The whole product behind one function of a request. */
export interface App extends Served {
  /**
   * Closes runs a dead process left open, once, before anything is served.
   * @param serving given by a server, which minds its clock and its room on the disk; absent for one
   * command
   * @throws AppError clock_behind
   */
  start(serving?: Serving): Promise<void>
  /** Resolves once the disk has failed and the process must end (reliability.md case 225). */
  readonly storeFailed: Promise<AppError>
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
  const failed = Promise.withResolvers<AppError>()
  const onEvent = storeEventLog(logger, (error) => failed.resolve(error))
  const store = openSqlite(config.dataDir, { onEvent })
  try {
    const { database } = store
    const masterKey = await unlockStore(database, config)
    const backup = store.migrate()
    if (backup !== null) logger.info('backed_up_before_upgrade', { path: backup })
    const egressEntries = config.egressAllow.map(parseEgressEntry)
    return assemble({
      config,
      logger,
      clock,
      database,
      masterKey,
      egressEntries,
      makeExternal: await externalSignInMaker(config, logger, clock),
      store,
      storeFailed: failed.promise,
    })
  } catch (error) {
    await store.close()
    throw error
  }
}

function assemble(parts: Parts): App {
  const { config, logger, clock, database } = parts
  const own: Bound['own'][] = []
  let publicUrl = config.publicUrl ?? ''
  let isDraining = false
  const executor = createExecutor(parts, own)
  const access = createAccess(parts)
  const limits = new RateLimits(clock)
  const usage = createUsage(parts, limits)
  const oauth = createOauth(parts, { executor, publicUrl: () => publicUrl })
  const people = createConsole(parts, () => publicUrl)
  const resourceMetadataOf = (slug: string | null) => resourceMetadataUrl(publicUrl, slug)
  const mcp = createMcp(parts, { executor, access, limits, usage, resourceMetadataOf })
  const doors = { oauth, mcp, upstreams: executor.upstreams }
  const manage = createManage(parts, { ...doors, publicUrl: () => publicUrl })
  const openapi = createOpenapi(parts, { executor, manage })
  const rounds: Timer[] = []
  const http = new HttpApp({
    access,
    console: people,
    external: parts.makeExternal(people),
    executor,
    limits,
    usage,
    failures: new FailedAttempts(clock, config.failedAuthPerMinute),
    trustedProxies: parseTrustedProxies(config.trustedProxies),
    oauth,
    manage,
    openapi,
    mcp,
    resourceMetadataOf,
    challengeScopesOf: (slug) => database.read(() => findChallengeScopes(slug)),
    logger,
    maxInFlight: config.maxInFlight,
    readiness: async () => (isDraining ? { status: 'shutting_down' } : readyState(parts.store)),
  })
  return {
    fetch: (request, peer) => http.fetch(request, peer),
    bound: (bound) => {
      http.rules = bound.rules
      publicUrl = bound.publicUrl
      own.push(bound.own)
    },
    storeFailed: parts.storeFailed,
    start: (serving) =>
      refusingDamage(parts.store, async () => {
        if (serving !== undefined) await startServing(parts, serving)
        await settlePast(parts, manage)
        rounds.push(...startRounds(parts, { executor, openapi }))
        if (config.allowUnverifiedMemberSessionMinting) logger.warn('unverified_minting_allowed')
      }),
    firstOwnerLink: () => makeFirstOwnerLink(people, 'system'),
    drain: () => {
      isDraining = true
      return mcp.close()
    },
    close: async () => {
      isDraining = true
      for (const round of rounds) clearInterval(round)
      await openapi.jobs.close()
      await mcp.close()
      executor.connector.close()
      await parts.store.close()
    },
  }
}
