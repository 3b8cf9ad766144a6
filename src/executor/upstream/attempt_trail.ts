import type { AppError } from '../../errors.ts'
import { type AttemptSequel, packAttempts, type RunAttempt } from '../../model/run_attempt.ts'
import type { ExchangeTimings } from '../connector/exchange.ts'
import { ExchangeError, type UpstreamResponse } from '../send_request.ts'

/** What one attempt came to. */
export interface EndedAttempt {
  /** Since the call began. */
  readonly startedMs: number
  queueMs: number
  dnsMs: number
  /** The complete answer; null where there is none. */
  response: UpstreamResponse | null
  /** Why there is none; null where there is. */
  error: ExchangeError | AppError | null
}

/** More attempts than this are not possible, nor kept. */
const maxKept = 8

/** The attempts of one call, as its run shows them; holds on to no answer. */
export class AttemptTrail {
  private readonly attempts: RunAttempt[] = []

  /** Adds an attempt. */
  push(ended: EndedAttempt): void {
    if (this.attempts.length < maxKept) this.attempts.push(attemptOf(ended))
  }

  /** Says what followed the last attempt. */
  followed(next: AttemptSequel | null): void {
    const last = this.attempts.pop()
    if (last !== undefined) this.attempts.push({ ...last, next })
  }

  /** Packed for the store; null where nothing was tried. */
  packed(): string | null {
    return this.attempts.length === 0 ? null : packAttempts(this.attempts)
  }
}

/** An attempt as runs show it. */
function attemptOf(ended: EndedAttempt): RunAttempt {
  const { response, error, startedMs, queueMs, dnsMs } = ended
  const failed = error instanceof ExchangeError ? error : null
  const timings = (response ?? failed)?.timings
  const cause = failed?.error ?? (error as AppError | null)
  return {
    startedMs,
    queueMs,
    dnsMs,
    ...phasesOf(timings, failed),
    bytes: (response ?? failed)?.bytesReceived ?? 0,
    status: response?.status ?? failed?.status ?? null,
    wasSent: response !== null || failed?.sent === 'maybe',
    reusedConnection: timings?.reusedConnection ?? false,
    errorCode: cause?.code ?? null,
    errorReason: cause === null ? null : (cause.reason ?? cause.message),
    next: null,
  }
}

type Phases = Pick<RunAttempt, 'connectMs' | 'tlsMs' | 'firstByteMs' | 'bodyMs'>

/** What no phase accounts for is the one that did not end: connecting, waiting, or reading on. */
function phasesOf(timings: ExchangeTimings | undefined, failed: ExchangeError | null): Phases {
  if (timings === undefined) return { connectMs: 0, tlsMs: 0, firstByteMs: 0, bodyMs: 0 }
  const { connectMs, tlsMs, firstByteMs, totalMs } = timings
  const restMs = Math.max(0, totalMs - connectMs - tlsMs - firstByteMs)
  if (failed?.sent === 'no') {
    return { connectMs: connectMs + restMs, tlsMs, firstByteMs, bodyMs: 0 }
  }
  if (firstByteMs === 0) return { connectMs, tlsMs, firstByteMs: restMs, bodyMs: 0 }
  return { connectMs, tlsMs, firstByteMs, bodyMs: restMs }
}
