import { DeadlineQueue } from './deadline_queue.ts'
import { Departures } from './departures.ts'
import type { Exchange, UpstreamResponse } from './exchange.ts'
import { IdlePool } from './idle_pool.ts'
import { type ExchangeDeps, LiveExchange } from './live_exchange.ts'
import { RequestEncoder } from './request_encoder.ts'
import { TlsTrust, type TlsTrustOptions } from './tls_trust.ts'

/** How a connector is set up; every field has a default. */
export interface ConnectorOptions extends TlsTrustOptions {
  /** How long a connection may be idle; 15 s. */
  readonly idleMs?: number
  readonly maxIdlePerHost?: number
  readonly maxIdle?: number
  /** How long ago a connection may have been used for a write to take it; 500 ms. */
  readonly writeIdleMs?: number
  /** How long one address may take to connect and shake hands; 5 s, never past the deadline. */
  readonly connectTimeoutMs?: number
  /** How long after its deadline a request may still be answered, for the record; 30 s. */
  readonly lateMs?: number
}

/**
 * An HTTP/1.1 client for tool calls: dials only guarded addresses, sends the exact bytes it is given,
 * never follows a redirect, never sends a write twice, keeps no cookies and knows no proxy.
 */
export class Connector {
  private readonly deadlines = new DeadlineQueue()
  private readonly deps: ExchangeDeps

  constructor(options: ConnectorOptions = {}) {
    const limits = {
      idleMs: options.idleMs ?? 15_000,
      maxPerHost: options.maxIdlePerHost ?? 64,
      maxTotal: options.maxIdle ?? 1_024,
    }
    const timeoutMs = options.connectTimeoutMs ?? 5_000
    this.deps = {
      pool: new IdlePool(limits, this.deadlines),
      dial: { deadlines: this.deadlines, trust: new TlsTrust(options), timeoutMs },
      encoder: new RequestEncoder(),
      departures: new Departures(),
      writeIdleMs: options.writeIdleMs ?? 500,
      lateMs: options.lateMs ?? 30_000,
      late: new Set(),
      isClosed: false,
    }
  }

  /**
   * Sends one request and reads its whole answer.
   * @throws ExchangeError - with what is known: the cause, whether the request may have been sent
   */
  exchange(exchange: Exchange): Promise<UpstreamResponse> {
    const live = new LiveExchange(exchange, this.deps)
    live.start()
    return live.promise
  }

  /** Closes every idle connection; exchanges under way go on. */
  flushIdle(): void {
    this.deps.pool.clear()
  }

  /** Takes no further exchange and keeps no connection; exchanges under way go on to their end. */
  close(): void {
    this.deps.isClosed = true
    this.deps.pool.clear()
    for (const exchange of this.deps.late) exchange.endLate()
  }
}
