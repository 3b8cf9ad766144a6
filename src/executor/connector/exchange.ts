import type { AppError } from '../../errors.ts'
import type { AbortNotice } from '../../lib/abort_notice.ts'
import type { HttpMethod } from '../../model/tool.ts'
import type { GuardedTarget } from '../guard_target.ts'
import type { ByteSpan } from './byte_span.ts'
import type { ResponseHeaders } from './response_head.ts'

/** One request to one upstream, with everything that bounds it. */
export interface Exchange {
  readonly target: GuardedTarget
  readonly method: HttpMethod
  /** Raw path and query; goes out byte for byte. */
  readonly path: string
  /** Sent in this order, after `host`; none may frame the message. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | null
  /** Cap on the body after decompression. */
  readonly maxResponseBytes: number
  /** When it all must be over, on the clock of `performance.now()`. */
  readonly deadlineAtMs: number
  /** Fires to give up; the socket is destroyed at once. */
  readonly signal: AbortNotice | null
  /** Whether an idle connection may be taken; a write takes one only while it is surely alive. */
  readonly reuse: boolean
  /** Told, once at most, of an answer that begins after the deadline; no one gets it (case 200). */
  readonly onLate?: (answer: LateAnswer) => void
}

/** An answer nobody waits for any more. */
export interface LateAnswer {
  readonly status: number
  /** From the beginning of the exchange to the answer's status. */
  readonly afterMs: number
}

/** How long each phase took, in milliseconds; 0 for a phase that did not take place. */
export interface ExchangeTimings {
  readonly connectMs: number
  readonly tlsMs: number
  /** From the request's first byte to the answer's; 0 where none came. */
  readonly firstByteMs: number
  readonly totalMs: number
  readonly reusedConnection: boolean
}

interface AnswerParts {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body: ByteSpan
  readonly bytesReceived: number
  readonly timings: ExchangeTimings
}

/** A complete answer; a redirect is an answer like any other. */
export class UpstreamResponse {
  /** 200 to 599. */
  readonly status: number
  readonly headers: ResponseHeaders
  /** Bytes received for it, head included, as they came over the wire. */
  readonly bytesReceived: number
  readonly timings: ExchangeTimings
  private readonly span: ByteSpan

  constructor(parts: AnswerParts) {
    this.status = parts.status
    this.headers = parts.headers
    this.bytesReceived = parts.bytesReceived
    this.timings = parts.timings
    this.span = parts.body
  }

  /** The body, decompressed and complete. */
  get body(): Uint8Array {
    return this.span.view()
  }

  /** How many bytes the body has. */
  get bodyLength(): number {
    return this.span.length
  }

  /** The body as text; null where it is not valid UTF-8. A byte order mark stays in it. */
  utf8(): string | null {
    return this.span.utf8()
  }
}

/** What is known of an exchange that failed. */
export interface ExchangeFailure {
  readonly error: AppError
  /**
   * `no`: not one byte of the request was handed to a connection, so nothing can have happened
   * upstream. `maybe`: some was.
   */
  readonly sent: 'no' | 'maybe'
  /** Status of the answer, where it had begun. */
  readonly status: number | undefined
  /** Bytes received for it, as they came over the wire. */
  readonly bytesReceived: number
  readonly timings: ExchangeTimings
}

/** An exchange that gave no complete answer. */
export class ExchangeError extends Error implements ExchangeFailure {
  readonly error: AppError
  readonly sent: 'no' | 'maybe'
  readonly status: number | undefined
  readonly bytesReceived: number
  readonly timings: ExchangeTimings

  constructor(failure: ExchangeFailure) {
    super(failure.error.reason ?? failure.error.message, { cause: failure.error })
    this.name = 'ExchangeError'
    this.error = failure.error
    this.sent = failure.sent
    this.status = failure.status
    this.bytesReceived = failure.bytesReceived
    this.timings = failure.timings
  }
}
