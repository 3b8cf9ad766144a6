import type { Socket, SocketHandler } from 'bun'
import { AppError } from '../../errors.ts'
import { parseIpAddress } from '../../lib/ip_address.ts'
import type { GuardedTarget } from '../guard_target.ts'
import { type DeadlineQueue, Expiring } from './deadline_queue.ts'
import { CertificateRefusal, peerProblem, type TlsTrust } from './tls_trust.ts'

/** Who a connection belongs to at the moment: an exchange, or the idle pool. */
export interface ConnectionUser {
  received(bytes: Buffer, connection: Connection): void
  /** The socket takes bytes again after it took fewer than it was given. */
  writable(connection: Connection): void
  /** The connection is gone; `error` is undefined where the upstream closed it in good order. */
  closed(error: Error | undefined, connection: Connection): void
}

/** Who waits for a connection to be made. */
export interface Dialer {
  dialed(connection: Connection): void
  dialFailed(error: AppError): void
}

/** What every connection of a connector is made with. */
export interface DialOptions {
  readonly deadlines: DeadlineQueue
  readonly trust: TlsTrust
  readonly timeoutMs: number
}

/** One connection to make. */
export interface DialRequest extends DialOptions {
  readonly target: GuardedTarget
  /** One of the target's checked addresses. */
  readonly address: string
  readonly dialer: Dialer
}

/**
 * One TCP or TLS connection to one checked address. It is handed out only once the certificate chain
 * and the name were verified, so nothing is ever written to an unverified peer (case 168).
 */
export class Connection extends Expiring {
  readonly poolKey: string
  readonly address: string
  readonly deadlineAtMs: number
  connectMs = 0
  tlsMs = 0
  /** When the pool took it, and how long it may stay there. */
  idleSinceMs = 0
  idleLimitMs = 0
  user: ConnectionUser | null = null
  private readonly target: GuardedTarget
  private readonly deadlines: DeadlineQueue
  private readonly trust: TlsTrust
  private readonly startedAtMs: number
  private dialer: Dialer | null
  private socket: Socket<Connection> | null = null
  private lastError: Error | undefined

  private constructor(request: DialRequest) {
    super()
    this.target = request.target
    this.poolKey = request.target.poolKey
    this.address = request.address
    this.deadlines = request.deadlines
    this.trust = request.trust
    this.dialer = request.dialer
    this.startedAtMs = performance.now()
    this.deadlineAtMs = this.startedAtMs + request.timeoutMs
  }

  /**
   * Begins to connect. The dialer hears of it exactly once, unless the connection is destroyed
   * before.
   */
  static dial(request: DialRequest): Connection {
    const connection = new Connection(request)
    request.deadlines.add(connection)
    connection.connect()
    return connection
  }

  /** Whether bytes can be written. */
  get isOpen(): boolean {
    return this.socket !== null && this.socket.readyState === 1
  }

  /** Hands bytes over and gives how many were taken; -1 when the connection is gone. */
  write(bytes: Buffer, offset: number, length: number): number {
    return this.socket === null ? -1 : this.socket.write(bytes, offset, length)
  }

  pause(): void {
    this.socket?.pause()
  }

  resume(): void {
    this.socket?.resume()
  }

  /** Closes in good order; for a connection that has nothing under way. */
  end(): void {
    const { socket } = this
    this.detach()
    socket?.end()
  }

  /** Closes at once, whatever is under way. Neither user nor dialer hears of it. */
  destroy(): void {
    const { socket } = this
    this.detach()
    socket?.terminate()
  }

  /** The time to connect is up. */
  override expire(): void {
    const { dialer } = this
    this.destroy()
    const reason = `No connection to ${this.place()} within ${Math.round(this.deadlineAtMs - this.startedAtMs) / 1_000} s.`
    dialer?.dialFailed(new AppError('upstream_connection', { reason }))
  }

  private detach(): void {
    this.deadlines.delete(this)
    this.dialer = null
    this.user = null
    this.socket = null
  }

  private connect(): void {
    const { scheme, port, serverName } = this.target
    const tls = scheme === 'https' ? { tls: this.trust.optionsFor(serverName) } : {}
    // Once open, `close` tells everything; before, `connectError` does, and the promise adds nothing.
    Bun.connect({
      hostname: this.address,
      port,
      data: this,
      socket: scheme === 'https' ? tlsEvents : plainEvents,
      ...tls,
    }).catch(() => undefined)
  }

  opened(socket: Socket<Connection>): void {
    this.connectMs = performance.now() - this.startedAtMs
    if (this.dialer === null) {
      socket.terminate()
      return
    }
    this.socket = socket
    const dialed = parseIpAddress(socket.remoteAddress)?.text
    if (dialed !== this.address) {
      this.failDial(`${this.place()} was dialled, but ${dialed} answered`)
    } else if (this.target.scheme === 'http') this.ready()
  }

  secured(socket: Socket<Connection>, isAuthorized: boolean, error: Error | null): void {
    if (this.dialer === null) return
    this.tlsMs = performance.now() - this.startedAtMs - this.connectMs
    // It hung up before it showed a certificate.
    if ((error as { code?: unknown } | null)?.code === 'ECONNRESET') return this.closed(undefined)
    const problem = peerProblem(socket, { isAuthorized, error }, this.nameToVerify())
    const refused = problem ?? this.trust.refusal(socket)
    if (refused === null) this.ready()
    else
      this.failDial(
        `The certificate of ${this.place()} is not accepted: ${refused}`,
        'upstream_tls',
        new CertificateRefusal(refused),
      )
  }

  connectFailed(error: Error): void {
    const code = (error as { code?: unknown }).code
    this.failDial(`${this.place()} cannot be reached (${String(code ?? error.message)})`)
  }

  received(bytes: Buffer): void {
    if (this.user !== null) this.user.received(bytes, this)
    else this.failDial(`${this.place()} sent bytes before it was verified`, 'upstream_tls')
  }

  writable(): void {
    this.user?.writable(this)
  }

  /** A handler threw, or an established TLS session broke. */
  failed(error: Error): void {
    this.lastError = error
    const { socket } = this
    this.closed(error)
    socket?.terminate()
  }

  closed(error: Error | undefined): void {
    const { user, lastError } = this
    if (this.dialer !== null) {
      this.failDial(
        `${this.place()} closed the connection during the TLS handshake`,
        'upstream_tls',
      )
      return
    }
    this.detach()
    user?.closed(error ?? lastError, this)
  }

  private ready(): void {
    const { dialer } = this
    this.deadlines.delete(this)
    this.dialer = null
    dialer?.dialed(this)
  }

  private failDial(
    what: string,
    code: 'upstream_connection' | 'upstream_tls' = 'upstream_connection',
    cause?: CertificateRefusal,
  ) {
    const { dialer } = this
    this.destroy()
    dialer?.dialFailed(new AppError(code, { reason: `${what}.`, cause }))
  }

  private nameToVerify(): { host: string; isIpLiteral: boolean } {
    const { host, serverName } = this.target
    return { host, isIpLiteral: serverName === null }
  }

  private place(): string {
    const { host, port } = this.target
    return host === this.address ? `${host} port ${port}` : `${host} (${this.address}) port ${port}`
  }
}

const plainEvents: SocketHandler<Connection> = {
  open: (socket) => socket.data.opened(socket),
  data: (socket, bytes) => socket.data.received(bytes),
  drain: (socket) => socket.data.writable(),
  close: (socket, error) => socket.data.closed(error),
  error: (socket, error) => socket.data.failed(error),
  connectError: (socket, error) => socket.data.connectFailed(error),
}

const tlsEvents: SocketHandler<Connection> = {
  ...plainEvents,
  handshake: (socket, isAuthorized, error) => socket.data.secured(socket, isAuthorized, error),
}
