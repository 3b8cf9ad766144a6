import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { CliFailure, exitCodes, misuse } from './failure.ts'
import { cliLogger } from './open_logger.ts'
import type { Surroundings } from './surroundings.ts'

/** One request to the management API; the path starts with `/`. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | FormData
  readonly timeoutMs: number
}

/** A way to the management API. */
export interface Transport {
  /** What messages call the other end. */
  readonly target: string
  /** @throws CliFailure - exit code 3: nothing answers */
  send(request: ApiRequest): Promise<Response>
  close(): Promise<void>
}

/** The way to a server elsewhere, with its admin token. @throws CliFailure - there is no token */
export function remoteTransport(config: Config, surroundings: Surroundings): Transport {
  const { url, adminToken } = config
  if (url === null) throw misuse('There is no server address', 'Give --url or set GATEHOUSE_URL.')
  const credential = adminToken === null ? {} : { authorization: `Bearer ${adminToken}` }
  const send = ({ path, headers, timeoutMs, ...init }: ApiRequest) =>
    reached(url, () =>
      surroundings.fetch(url + path, {
        ...init,
        headers: { ...headers, ...credential },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      }),
    )
  return { target: url, send, close: async () => {} }
}

/** The way to the server that runs for the data directory; null where none does (its socket is dead). */
export async function socketTransport(
  config: Config,
  surroundings: Surroundings,
): Promise<Transport | null> {
  const unix = join(config.dataDir, 'admin.sock')
  if (!existsSync(unix) || !(await isListening(unix))) return null
  const send = ({ path, timeoutMs, ...init }: ApiRequest) =>
    reached(unix, () =>
      surroundings.fetch(`http://localhost${path}`, {
        ...init,
        unix,
        signal: AbortSignal.timeout(timeoutMs),
      }),
    )
  return { target: unix, send, close: async () => {} }
}

/** Whether someone accepts connections; a file left by a dead server refuses them. */
async function isListening(unix: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix, socket: { data: () => {} } })
    socket.end()
    return true
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'EACCES' && code !== 'EPERM') return false
    throw new CliFailure(exitCodes.unreachable, `${unix} may not be used by this user`, {
      reason: 'Run the command as the user the server runs as, or give --url and an admin token.',
      cause: error,
    })
  }
}

/**
 * The way into the data directory itself, where no server runs: the whole app in this process.
 * @throws CliFailure - exit code 3: a server holds the directory but its socket does not answer
 */
export async function directTransport(
  config: Config,
  surroundings: Surroundings,
): Promise<Transport> {
  const { openApp } = await surroundings.loadServer()
  const logger = cliLogger(config, surroundings)
  const app = await openApp(config, logger).catch((cause) => {
    throw cause instanceof AppError && cause.code === 'store_locked' ? held(config, cause) : cause
  })
  // Whoever opens the directory closes what a dead server left open.
  await app.start()
  return {
    target: config.dataDir,
    send: ({ path, timeoutMs, ...init }) =>
      app.fetch(
        new Request(`http://localhost${path}`, { ...init, signal: AbortSignal.timeout(timeoutMs) }),
        { kind: 'in_process' },
      ),
    close: async () => {
      await app.close()
      logger.flush()
    },
  }
}

const held = (config: Config, cause: unknown) =>
  new CliFailure(exitCodes.unreachable, `A server holds ${config.dataDir} but does not answer`, {
    reason: 'It may be starting, stopping or stuck: try again, then look at its log.',
    cause,
  })

async function reached(target: string, send: () => Promise<Response>): Promise<Response> {
  try {
    return await send()
  } catch (cause) {
    const why =
      cause instanceof Error && cause.name === 'TimeoutError' ? 'in time' : errorCode(cause)
    throw new CliFailure(
      exitCodes.unreachable,
      `${target} does not answer (${why ?? 'no answer'})`,
      {
        reason: 'Check that the server runs and that the address is right.',
        cause,
      },
    )
  }
}

function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null
}
