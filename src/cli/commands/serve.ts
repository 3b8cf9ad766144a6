import type { Command } from 'commander'
import type { App } from '../../app.ts'
import { type Config, loadConfig } from '../../config.ts'
import type { Listening } from '../../http/listen.ts'
import type { RootLogger } from '../../log.ts'
import { version } from '../../version.ts'
import { CliFailure, exitCodes } from '../failure.ts'
import { openLogger } from '../open_logger.ts'
import { bannerText, setupLine, urlToTell } from '../serve_banner.ts'
import { addSettingFlags, settingFlags } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'

/** What a stop may take beyond the drain time before the process ends all the same. */
const stopGraceMs = 5000

/** What callers get to take their refusals once the disk has failed (reliability.md case 225). */
const storeFailureGraceMs = 500

/** `gatehouse serve`: the server, until SIGTERM or SIGINT. */
export function addServeCommand(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('serve')
    .description('run the server')
    .option('--accept-clock', 'start though the clock is over a day behind the newest record')
  addSettingFlags(command).action((options: Record<string, unknown>) =>
    serve(options, surroundings),
  )
}

function serve(
  options: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<void> {
  const { acceptClock, ...settings } = options
  const config = loadConfig({ ...surroundings.inputs, flags: settingFlags(settings) })
  return serveWith(config, surroundings, { announce, acceptsClock: acceptClock === true })
}

/** A server that is up, as its announcer is told of it. */
export interface Running {
  readonly app: App
  readonly config: Config
  readonly listening: Listening
}

/** Says that a server is up, to whoever started it. */
export type Announce = (
  running: Running,
  logger: RootLogger,
  surroundings: Surroundings,
) => void | Promise<void>

/**
 * Runs a server from start to drained stop; `announce` is called once it listens.
 * @throws AppError store_failed - the disk failed meanwhile
 */
export function serveUntilStopped(
  config: Config,
  surroundings: Surroundings,
  announce: Announce,
): Promise<void> {
  return serveWith(config, surroundings, { announce, acceptsClock: false })
}

interface ServeOptions {
  readonly announce: Announce
  /** Whether a clock far behind the newest record is taken for right. */
  readonly acceptsClock: boolean
}

async function serveWith(
  config: Config,
  surroundings: Surroundings,
  options: ServeOptions,
): Promise<void> {
  const logger = openLogger(config, surroundings, config.logLevel)
  surroundings.onCrash((error, kind) => {
    logger.error(kind, { error })
    logger.flush()
    surroundings.exit(exitCodes.failed)
  })
  try {
    await run({ config, logger, surroundings }, options)
  } finally {
    logger.flush()
  }
}

interface ServerInputs {
  readonly config: Config
  readonly logger: RootLogger
  readonly surroundings: Surroundings
}

async function run(inputs: ServerInputs, { announce, acceptsClock }: ServeOptions): Promise<void> {
  const { config, logger, surroundings } = inputs
  const { openApp, listen } = await surroundings.loadServer()
  const app = await openApp(config, logger)
  try {
    await orStoreFailed(app, () => app.start({ acceptsClock }))
    const listening = await listen(app, config, logger).catch((cause) => {
      throw cannotListen(config, cause)
    })
    const stopped = stopSignal(logger, surroundings)
    await orStoreFailed(app, async () => announce({ app, config, listening }, logger, surroundings))
    await Promise.race([stopped, app.storeFailed])
    const stopping = Promise.all([listening.stop(), app.drain()])
    const cutShort = app.storeFailed.then(() => Bun.sleep(storeFailureGraceMs))
    await Promise.race([within(config.drainSeconds * 1000 + stopGraceMs, stopping), cutShort])
    await throwStoreFailure(app)
  } finally {
    await app.close()
  }
  logger.info('stopped')
}

/** What failed because the disk did is told as that. */
async function orStoreFailed(app: App, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    await throwStoreFailure(app)
    throw error
  }
}

async function throwStoreFailure({ storeFailed }: App): Promise<void> {
  const failure = await Promise.race([storeFailed, Promise.resolve(null)])
  if (failure !== null) throw failure
}

function cannotListen({ listen }: Config, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null
  if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') return cause
  const why = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'this user may not use that port',
    EADDRNOTAVAIL: 'this machine does not have that address',
  }[code]
  const message = `Cannot listen on ${listen.host}, port ${listen.port}: ${why}`
  return new CliFailure(exitCodes.failed, message, {
    reason: 'Choose another with --listen.',
    cause,
  })
}

/** Resolves at the first stop signal; the second ends the process at once. */
function stopSignal(logger: RootLogger, surroundings: Surroundings): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    surroundings.onStopSignal((signal) => {
      logger.info(isStopping ? 'stopping_at_once' : 'stopping', { signal })
      if (!isStopping) {
        isStopping = true
        resolve()
        return
      }
      logger.flush()
      surroundings.exit(signal === 'SIGINT' ? 130 : 143)
    })
  })
}

async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const timer = Promise.withResolvers<void>()
  const handle = setTimeout(timer.resolve, timeoutMs)
  await Promise.race([work, timer.promise])
  clearTimeout(handle)
}

async function announce(
  { app, config, listening }: Running,
  logger: RootLogger,
  { stderr, nowMs }: Surroundings,
): Promise<void> {
  const { address, port } = listening
  const setupUrl = (await app.firstOwnerLink())?.url ?? null
  if (stderr.isTerminal && config.logFormat !== 'json') {
    stderr.write(bannerText(config, port, setupUrl))
    return
  }
  const url = urlToTell(config, port)
  logger.info('started', {
    version,
    address,
    public_url: url,
    docs_url: `${url}/docs`,
    mcp_url: `${url}/mcp`,
    data_dir: config.dataDir,
    settings_file: config.settingsFile,
    pid: process.pid,
  })
  if (setupUrl === null) return
  // Past the logger, which would hide it: who reads this stream is to set the server up (case 260).
  logger.flush()
  stderr.write(setupLine(config, setupUrl, nowMs()))
}
