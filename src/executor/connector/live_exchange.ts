import { AppError } from '../../errors.ts'
import type { ByteSpan } from './byte_span.ts'
import type { BodyWriter } from './chunked_decoder.ts'
import { Connection, type ConnectionUser, type Dialer, type DialOptions } from './connection.ts'
import { Expiring } from './deadline_queue.ts'
import type { Departing, Departures } from './departures.ts'
import { type Exchange, ExchangeError, type ExchangeTimings, UpstreamResponse } from './exchange.ts'
import type { IdlePool } from './idle_pool.ts'
import { hasJoinedBody, type RequestEncoder } from './request_encoder.ts'
import { type BodyOwner, openResponseBody, type ResponseBody } from './response_body.ts'
import type { ResponseHead } from './response_head.ts'
import { type BodyOpener, ResponseParser } from './response_parser.ts'

/** What a connector lends to its exchanges. */
export interface ExchangeDeps {
  readonly pool: IdlePool
  readonly dial: DialOptions
  readonly encoder: RequestEncoder
  readonly departures: Departures
  /** A write takes only connections used within this time. */
  readonly writeIdleMs: number
  /** How long a request that timed out may still be answered, for the record. */
  readonly lateMs: number
  /** Exchanges that are over and wait for that. */
  readonly late: Set<LiveExchange>
  isClosed: boolean
}

/** How many exchanges may wait for late answers at once. */
const maxLate = 256

/**
 * One exchange from first byte to last. It settles exactly once, and whatever ends it early destroys
 * its connection. A request is written a second time only if it is a GET, on a fresh connection, when
 * a reused one died before the first byte of an answer; a write never is (reliability.md case 199).
 */
export class LiveExchange
  extends Expiring
  implements ConnectionUser, Dialer, Departing, BodyOpener, BodyOwner, EventListenerObject
{
  readonly promise: Promise<UpstreamResponse>
  deadlineAtMs: number
  private readonly exchange: Exchange
  private readonly deps: ExchangeDeps
  private readonly settlement = Promise.withResolvers<UpstreamResponse>()
  private readonly startedAtMs = performance.now()
  private readonly parser: ResponseParser
  private body: ResponseBody | null = null
  private connection: Connection | null = null
  /** Parts of the request the socket has not taken yet. */
  private unsent: Buffer[] = []
  private unsentOffset = 0
  private nextAddress = 0
  private isSettled = false
  private isReading = true
  private wasSent = false
  private isReused = false
  private sentAtMs = 0
  private firstByteAtMs = 0
  private bytesReceived = 0
  private connectMs = 0
  private tlsMs = 0

  constructor(exchange: Exchange, deps: ExchangeDeps) {
    super()
    this.exchange = exchange
    this.deps = deps
    this.deadlineAtMs = exchange.deadlineAtMs
    this.parser = new ResponseParser(this)
    this.promise = this.settlement.promise
  }

  /** Begins; call once. */
  start(): void {
    const { exchange, deps } = this
    if (deps.isClosed) return this.fail(new AppError('shutting_down'))
    if (exchange.signal?.aborted) return this.fail(cancelled())
    if (exchange.deadlineAtMs <= this.startedAtMs) return this.expire()
    deps.dial.deadlines.add(this)
    exchange.signal?.addEventListener('abort', this)
    // A write comes out of the group commit, side by side with others as it is.
    if (exchange.method === 'GET') deps.departures.add(this)
    else this.depart()
  }

  /** Takes or makes a connection and writes, unless it is over already. */
  depart(): void {
    if (this.isSettled) return
    const { exchange, deps } = this
    const idle = exchange.reuse ? deps.pool.take(exchange.target, this.maxIdleMs()) : null
    this.isReused = idle !== null
    try {
      const length = deps.encoder.encode(exchange)
      if (idle === null) this.dialNext()
      else this.send(idle, length)
    } catch (error) {
      idle?.destroy()
      this.fail(error)
    }
  }

  dialed(connection: Connection): void {
    this.connectMs += connection.connectMs
    this.tlsMs += connection.tlsMs
    this.send(connection, this.deps.encoder.encode(this.exchange))
  }

  /** Tries the next checked address; the last failure is the one reported. */
  dialFailed(error: AppError): void {
    this.connection = null
    if (this.nextAddress < this.exchange.target.addresses.length) this.dialNext()
    else this.fail(error)
  }

  received(bytes: Buffer): void {
    if (this.isLate) return this.receivedLate(bytes)
    if (this.bytesReceived === 0) this.firstByteAtMs = performance.now()
    this.bytesReceived += bytes.length
    try {
      const used = this.parser.push(bytes)
      if (this.parser.isDone) this.complete(used === bytes.length)
    } catch (error) {
      this.fail(error)
    }
  }

  writable(): void {
    if (!this.isLate) this.flush()
  }

  closed(error: Error | undefined): void {
    this.connection = null
    if (this.isLate) return this.endLate()
    const isUnanswered = this.bytesReceived === 0
    if (isUnanswered && this.isReused && this.exchange.method === 'GET') return this.retry()
    try {
      if (error !== undefined) throw broken(isUnanswered, error)
      this.parser.end()
      this.complete(false)
    } catch (failure) {
      this.fail(failure)
    }
  }

  openBody(head: ResponseHead): BodyWriter {
    this.body = openResponseBody(head, this.exchange.maxResponseBytes, this)
    return this.body
  }

  pauseReading(): void {
    this.isReading = false
    this.connection?.pause()
  }

  resumeReading(): void {
    this.isReading = true
    this.connection?.resume()
  }

  bodyComplete(body: ByteSpan): void {
    const head = this.parser.head
    if (this.isSettled || head === null) return
    this.settle()
    const { bytesReceived } = this
    const { status, headers } = head
    const timings = this.timings()
    this.settlement.resolve(new UpstreamResponse({ status, headers, body, bytesReceived, timings }))
  }

  bodyFailed(error: AppError): void {
    this.fail(error)
  }

  /** The deadline is total: neither a slow drip nor a retry moves it (reliability.md cases 178, 179). */
  override expire(): void {
    if (this.isLate) return this.endLate()
    const timeoutMs = Math.max(0, Math.round(this.deadlineAtMs - this.startedAtMs))
    const reason = `The upstream gave no complete answer within ${timeoutMs} ms.`
    const error = new AppError('upstream_timeout', { reason })
    if (!this.mayBeAnsweredLate()) return this.fail(error)
    this.settle()
    this.settlement.reject(this.failure(error))
    this.waitForLateAnswer()
  }

  /** Stops waiting for an answer that nobody gets. */
  endLate(): void {
    const { connection, deps } = this
    if (!deps.late.delete(this)) return
    deps.dial.deadlines.delete(this)
    this.body?.abort()
    this.connection = null
    connection?.destroy()
  }

  /** The caller's signal fired. */
  handleEvent(): void {
    this.fail(cancelled())
  }

  private get isLate(): boolean {
    return this.deps.late.size > 0 && this.deps.late.has(this)
  }

  /** Whether all of the request is out and its answer has not begun. */
  private mayBeAnsweredLate(): boolean {
    const { exchange, deps, connection, unsent, parser } = this
    const isOut = this.wasSent && connection !== null && unsent.length === 0
    return (
      exchange.onLate !== undefined && isOut && parser.head === null && deps.late.size < maxLate
    )
  }

  private waitForLateAnswer(): void {
    const { deps } = this
    this.deadlineAtMs = performance.now() + deps.lateMs
    deps.late.add(this)
    deps.dial.deadlines.add(this)
  }

  private receivedLate(bytes: Buffer): void {
    let isBroken = false
    try {
      this.parser.push(bytes)
    } catch {
      isBroken = true
    }
    const { head } = this.parser
    if (head === null && !isBroken) return
    this.endLate()
    if (head === null) return
    const afterMs = performance.now() - this.startedAtMs
    this.exchange.onLate?.({ status: head.status, afterMs })
  }

  private maxIdleMs(): number {
    return this.exchange.method === 'GET' ? Number.POSITIVE_INFINITY : this.deps.writeIdleMs
  }

  private dialNext(): void {
    const { target } = this.exchange
    const address = target.addresses[this.nextAddress++]
    if (address === undefined) return this.fail(new AppError('upstream_connection'))
    const { deadlines, trust } = this.deps.dial
    const isLast = this.nextAddress === target.addresses.length
    const timeoutMs = Math.min(this.deps.dial.timeoutMs, isLast ? Number.POSITIVE_INFINITY : 2_000)
    this.connection = Connection.dial({
      target,
      address,
      deadlines,
      trust,
      timeoutMs,
      dialer: this,
    })
  }

  private retry(): void {
    this.isReused = false
    this.nextAddress = 0
    this.unsent = []
    this.unsentOffset = 0
    this.dialNext()
  }

  /** Writes the request as it stands in the encoder. */
  private send(connection: Connection, length: number): void {
    const { exchange } = this
    const { encoder } = this.deps
    this.connection = connection
    connection.user = this
    this.sentAtMs = performance.now()
    this.wasSent = true
    const taken = connection.write(encoder.bytes, 0, length)
    // The encoder's buffer is only lent: what the socket did not take at once is copied.
    if (taken < length)
      this.unsent.push(Buffer.from(encoder.bytes.subarray(Math.max(0, taken), length)))
    if (exchange.body !== null && !hasJoinedBody(exchange))
      this.unsent.push(asBuffer(exchange.body))
    if (taken < 0) this.lose(connection)
    else if (taken === length) this.flush()
  }

  private flush(): void {
    const { connection } = this
    while (connection !== null && this.unsent[0] !== undefined) {
      const taken = connection.write(
        this.unsent[0],
        this.unsentOffset,
        this.unsent[0].length - this.unsentOffset,
      )
      if (taken < 0) return this.lose(connection)
      this.unsentOffset += taken
      if (this.unsentOffset < this.unsent[0].length) return
      this.unsent.shift()
      this.unsentOffset = 0
    }
  }

  /** The socket was gone when it was written to. */
  private lose(connection: Connection): void {
    connection.destroy()
    this.closed(new Error('The connection was closed.'))
  }

  /** The answer is all here; `isClean` tells that nothing came after it. */
  private complete(isClean: boolean): void {
    this.release(isClean)
    const body = this.body?.finish() ?? null
    if (body !== null) this.bodyComplete(body)
  }

  private release(isClean: boolean): void {
    const { connection } = this
    const head = this.parser.head
    this.connection = null
    if (connection === null || head === null) return
    const isReusable = isClean && head.keepAlive && this.unsent.length === 0 && !this.deps.isClosed
    if (!this.isReading) connection.resume()
    if (isReusable) this.deps.pool.put(connection, head.keepAliveMs)
    else connection.destroy()
  }

  private fail(error: unknown): void {
    if (this.isSettled) return
    this.settle()
    this.body?.abort()
    this.connection?.destroy()
    this.connection = null
    this.settlement.reject(this.failure(error))
  }

  private failure(error: unknown): ExchangeError {
    return new ExchangeError({
      error: error instanceof AppError ? error : new AppError('internal', { cause: error }),
      sent: this.wasSent ? 'maybe' : 'no',
      status: this.parser.head?.status,
      bytesReceived: this.bytesReceived,
      timings: this.timings(),
    })
  }

  private settle(): void {
    this.isSettled = true
    this.deps.dial.deadlines.delete(this)
    this.exchange.signal?.removeEventListener('abort', this)
  }

  private timings(): ExchangeTimings {
    return {
      connectMs: this.connectMs,
      tlsMs: this.tlsMs,
      firstByteMs: this.firstByteAtMs === 0 ? 0 : this.firstByteAtMs - this.sentAtMs,
      totalMs: performance.now() - this.startedAtMs,
      reusedConnection: this.isReused,
    }
  }
}

const cancelled = () => new AppError('call_cancelled', { reason: 'The caller went away.' })

const asBuffer = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function broken(isUnanswered: boolean, cause: Error): AppError {
  const code = isUnanswered ? 'upstream_connection' : 'upstream_incomplete'
  const name = (cause as { code?: unknown }).code ?? cause.message
  const when = isUnanswered ? 'before an answer' : 'before its answer was complete'
  return new AppError(code, { reason: `The connection broke ${when} (${String(name)}).`, cause })
}
