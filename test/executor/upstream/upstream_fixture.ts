import { AppError, type ErrorCode } from '../../../src/errors.ts'
import type { CompiledTool } from '../../../src/executor/compile_tool.ts'
import type { Connector } from '../../../src/executor/connector/connector.ts'
import {
  type Exchange,
  ExchangeError,
  UpstreamResponse,
} from '../../../src/executor/connector/exchange.ts'
import { ResponseHeaders } from '../../../src/executor/connector/response_head.ts'
import { AttemptTrail } from '../../../src/executor/upstream/attempt_trail.ts'
import {
  exchangeWithUpstream,
  type UpstreamCall,
} from '../../../src/executor/upstream/exchange_with_upstream.ts'
import type { UpstreamLimits } from '../../../src/executor/upstream/upstream.ts'
import { type UpstreamChange, Upstreams } from '../../../src/executor/upstream/upstreams.ts'
import { type RunAttempt, unpackAttempts } from '../../../src/model/run_attempt.ts'
import { defaultRetry, type HttpMethod, type RetryPolicy } from '../../../src/model/tool.ts'
import { localTarget } from '../connector/connector_fixture.ts'
import { FrozenPace } from './frozen_pace.ts'

const timings = { connectMs: 1, tlsMs: 2, firstByteMs: 3, totalMs: 10, reusedConnection: false }

/** A complete answer. */
export function answered(status: number, retryAfter?: string): UpstreamResponse {
  const headers = new ResponseHeaders(retryAfter === undefined ? {} : { 'retry-after': retryAfter })
  const body = { length: 0, view: () => new Uint8Array(), utf8: () => '' }
  return new UpstreamResponse({ status, headers, body: body as never, bytesReceived: 99, timings })
}

/** An exchange that gave no answer. */
export function failed(code: ErrorCode, sent: 'no' | 'maybe'): ExchangeError {
  const error = new AppError(code, { reason: `It was ${code}.` })
  return new ExchangeError({ error, sent, status: undefined, bytesReceived: 0, timings })
}

/** What the fake upstream does with each request. */
export type Script = (exchange: Exchange, attempt: number) => Promise<UpstreamResponse>

/** How a call of a test differs from a GET with ten seconds. */
export interface CallChange {
  readonly method?: HttpMethod
  readonly retry?: Partial<RetryPolicy>
  readonly timeoutMs?: number
  readonly projectId?: number
  readonly origin?: string
  readonly signal?: AbortSignal
  readonly isRevoked?: () => boolean
}

/** What a call came to: its answer's status, or its error. */
export interface Came {
  readonly status: number | null
  readonly error: AppError | null
  readonly sent: 'no' | 'maybe' | null
  readonly attempts: readonly RunAttempt[]
}

const origin = 'http://127.0.0.1:9'

/** Calls in frozen time to an upstream that follows a script. */
export class UpstreamWorld {
  readonly pace = new FrozenPace()
  readonly exchanges: Exchange[] = []
  readonly changes: UpstreamChange[] = []
  readonly upstreams: Upstreams
  script: Script

  constructor(script: Script, limits?: UpstreamLimits) {
    this.script = script
    const onChange = (change: UpstreamChange) => this.changes.push(change)
    this.upstreams = new Upstreams({
      pace: this.pace,
      onChange,
      ...(limits === undefined ? {} : { limits }),
    })
  }

  /** Begins a call; time has to be moved for it to end. */
  async call(change: CallChange = {}): Promise<Came> {
    const trail = new AttemptTrail()
    const came = (part: Partial<Came>): Came => ({
      ...{ status: null, error: null, sent: null },
      attempts: unpackAttempts(trail.packed()),
      ...part,
    })
    try {
      const { status } = await exchangeWithUpstream(this.deps(), this.callOf(change, trail), {
        ...{ method: change.method ?? 'GET', baseUrl: origin, target: '/' },
        ...{ headers: [], body: null },
      })
      return came({ status })
    } catch (error) {
      if (error instanceof ExchangeError) return came({ error: error.error, sent: error.sent })
      return came({ error: error as AppError })
    }
  }

  private deps() {
    const exchange = (wanted: Exchange) => {
      this.exchanges.push(wanted)
      return this.script(wanted, this.exchanges.length)
    }
    const connector = { exchange } as unknown as Connector
    const guard = { check: () => localTarget(origin) }
    return { guard, connector, upstreams: this.upstreams }
  }

  private callOf(change: CallChange, trail: AttemptTrail): UpstreamCall {
    const { method = 'GET', retry, timeoutMs = 10_000, projectId = 1, signal = null } = change
    const startedAtMs = this.pace.nowMs()
    const definition = {
      httpMethod: method,
      retry: { ...defaultRetry, ...retry },
      sendIdempotencyKey: true,
    }
    const compiled = { tool: { definition }, baseUrl: { origin: change.origin ?? origin } }
    return {
      projectId,
      compiled: compiled as unknown as CompiledTool,
      startedAtMs,
      trail,
      auth: () => ({ credential: null, signers: [], authHeader: null, pair: null, client: null }),
      stamp: () => ({
        requestId: 'the-run',
        timestampSeconds: Math.floor(this.pace.nowMs() / 1000),
        traceparent: '00-1-1-01',
        caller: { projectId: '1', integrationId: '2', memberId: null },
        member: null,
        inject: { id: false, email: false, roles: false },
        idempotencyKey: method === 'GET' ? null : 'the-run',
      }),
      limits: () => ({ deadlineAtMs: startedAtMs + timeoutMs, maxResponseBytes: 1_000, signal }),
      refuseIfRevoked: async () => {
        if (change.isRevoked?.()) throw new AppError('aborted_before_send')
      },
    }
  }
}
