import { randomUUID } from 'node:crypto'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Server } from 'bun'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { formatListen, localUrl } from '../model/setting.ts'
import { boundedRequest } from './bounded_body.ts'
import { type GuardRules, guardRules } from './guards.ts'
import type { Pace, Peer, TcpPeer } from './peer.ts'
import { failureResponse, problemResponse } from './problem.ts'
import { isUpload, maxUploadBodyBytes } from './uploaded_document.ts'

/** Where a listening server is reached. */
export interface Bound {
  readonly rules: GuardRules
  readonly publicUrl: string
  /** The server's own address, which no tool may call (reliability.md case 162). */
  readonly own: { readonly ip: string; readonly port: number }
}

/** What can be served. */
export interface Served {
  /** Answers a request; never throws. */
  fetch(request: Request, peer: Peer): Promise<Response>
  /** Told once the port is known, before the first request. */
  bound(bound: Bound): void
}

/** A server that is up. */
export interface Listening {
  /** `http://host:port` as bound. */
  readonly address: string
  readonly port: number
  /** What clients are told to use. */
  readonly publicUrl: string
  /** Stops accepting, lets what is under way finish within the drain time, then closes. */
  stop(): Promise<void>
}

/**
 * How long a client may neither send nor take anything, in seconds (cases 3, 4, 7). A call is bounded
 * by its tool's timeout instead; 0 is without end.
 */
const idleSeconds: Readonly<Record<Pace, number>> = { quiet: 10, calling: 0, streaming: 60 }

/** What the system takes for the path of a unix socket (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107

/** Binds the TCP address and the administrator's socket in the data directory. */
export async function listen(app: Served, config: Config, logger: Logger): Promise<Listening> {
  const tcp = bindTcp(app, config, logger)
  const port = tcp.port ?? config.listen.port
  const address = `http://${formatListen({ host: config.listen.host, port })}`
  const publicUrl = config.publicUrl ?? localUrl({ host: config.listen.host, port })
  const { allowedHosts, allowedOrigins } = config
  const bound = { host: new URL(address).hostname, port }
  const rules = guardRules({ publicUrl, bound, allowedHosts, allowedOrigins })
  app.bound({ rules, publicUrl, own: { ip: config.listen.host, port } })
  const socket = bindSocket(app, config, logger)
  return {
    address,
    publicUrl,
    port,
    stop: async () => {
      const drained = Promise.all([tcp.stop(), socket.stop()])
      await Promise.race([drained, Bun.sleep(config.drainSeconds * 1000)])
      await Promise.all([tcp.stop(true), socket.stop(true)])
      rmSync(join(config.dataDir, 'admin.sock'), { force: true })
    },
  }
}

interface Arriving {
  readonly request: Request
  /** Largest body where no document is uploaded. */
  readonly maxBytes: number
}

/** The server takes a body as large as a document may be; everything else is bound to its setting. */
function take(app: Served, arriving: Arriving, peer: Peer): Promise<Response> | Response {
  const { request, maxBytes } = arriving
  if (isUploadUrl(request)) return app.fetch(request, peer)
  try {
    return app.fetch(boundedRequest(request, maxBytes), peer)
  } catch (error) {
    if (error instanceof AppError) return problemResponse(error, randomUUID())
    throw error
  }
}

/** Most requests are told by their method or one look at their URL. */
const isUploadUrl = ({ method, url }: Request): boolean =>
  method === 'POST' &&
  url.includes('/openapi-sources/') &&
  isUpload(method, new URL(url, 'http://localhost').pathname)

function bindTcp(app: Served, config: Config, logger: Logger): Server<undefined> {
  const { maxBodyBytes: maxBytes } = config
  return Bun.serve({
    hostname: config.listen.host,
    port: config.listen.port,
    development: false,
    // Without this two servers could share the port, each answering half of the requests.
    reusePort: false,
    idleTimeout: idleSeconds.quiet,
    maxRequestBodySize: Math.max(config.maxBodyBytes, maxUploadBodyBytes),
    fetch: (request, server) => take(app, { request, maxBytes }, new Caller(request, server)),
    error: (error) => crash(error, logger),
  })
}

class Caller implements TcpPeer {
  readonly kind = 'tcp'
  private readonly request: Request
  private readonly server: Server<undefined>

  constructor(request: Request, server: Server<undefined>) {
    this.request = request
    this.server = server
  }

  address(): string {
    return this.server.requestIP(this.request)?.address ?? ''
  }

  setPace(pace: Pace): void {
    this.server.timeout(this.request, idleSeconds[pace])
  }
}

function bindSocket(app: Served, config: Config, logger: Logger): Server<undefined> {
  const path = join(config.dataDir, 'admin.sock')
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    const reason = `${path} is too long for a socket. Choose a shorter data directory.`
    throw new AppError('store_unusable', { reason })
  }
  rmSync(path, { force: true })
  const { maxBodyBytes: maxBytes } = config
  const server = Bun.serve({
    unix: path,
    development: false,
    // Only the machine's own administrator gets here, and may wait for a slow tool. Bun's types leave
    // the option out for a socket, and `server.timeout` does nothing there.
    ...({ idleTimeout: 0 } as object),
    maxRequestBodySize: Math.max(config.maxBodyBytes, maxUploadBodyBytes),
    fetch: (request) => take(app, { request, maxBytes }, { kind: 'socket' }),
    error: (error) => crash(error, logger),
  })
  chmodSync(path, 0o600)
  return server
}

/** `App.fetch` never throws; should the runtime fail around it, the client learns nothing. */
function crash(cause: Error, logger: Logger): Response {
  return failureResponse(logger, new AppError('internal', { cause }), randomUUID())
}
