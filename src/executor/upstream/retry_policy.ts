import type { AttemptSequel } from '../../model/run_attempt.ts'
import { type HttpMethod, isReadMethod, type RetryPolicy } from '../../model/tool.ts'

/** How an attempt ended, as far as sending it again is concerned. */
export type AttemptEnd =
  /** Name lookup, connection or TLS failed: not one byte of the request left. */
  | { readonly kind: 'not_sent' }
  /** Some of the request left, and no complete answer came. */
  | { readonly kind: 'no_answer' }
  | {
      readonly kind: 'status'
      readonly status: number
      /** What `Retry-After` asks for; null where it says nothing that can be read. */
      readonly retryAfterMs: number | null
    }
  /** An answer, or a failure that another attempt would only repeat. */
  | { readonly kind: 'final' }

/** All that the decision depends on. */
export interface RetryQuestion {
  readonly end: AttemptEnd
  readonly method: HttpMethod
  readonly policy: RetryPolicy
  /** Whether the request carries our `Idempotency-Key`. */
  readonly sendsKey: boolean
  /** Attempts made so far, this one included. */
  readonly attempts: number
  /** Until the caller's deadline. */
  readonly leftMs: number
  /** Whether the upstream's retry budget has room. */
  readonly hasBudget: boolean
  /** Whether the upstream's circuit breaker is open. */
  readonly isDown: boolean
  /** From 0 to just below 1. */
  readonly random: number
}

/** Why there is no further attempt. */
export type RetryStop = Exclude<AttemptSequel, 'retried'>

/** `unknown`: a write left, no answer came, and it may not be sent again. */
export type RetryDecision =
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'give_up' | 'unknown'; readonly why: RetryStop }

const backoffBaseMs = 100
const backoffCapMs = 2_000
/** A server error is asked again twice at most, however often the tool allows (case 196). */
const maxStatusAttempts = 3

const passing: ReadonlySet<number> = new Set([500, 502, 503, 504])

/**
 * Decides whether a request is sent again by itself (reliability.md §4; cases 195, 196, 209–211):
 * what was not sent, for any method, and so a 429 that says when to come back; what may have been
 * carried out, only where asking twice does no more than asking once.
 */
export function decideRetry(question: RetryQuestion): RetryDecision {
  const { end, attempts, policy, leftMs, hasBudget, isDown } = question
  if (end.kind === 'final') return { kind: 'give_up', why: 'final' }
  if (!mayRepeat(question)) return stop(question, 'not_repeatable')
  const allowed = isPassing(end)
    ? Math.min(policy.maxAttempts, maxStatusAttempts)
    : policy.maxAttempts
  if (attempts >= allowed) return stop(question, 'last_attempt')
  const afterMs = waitMs(question)
  if (afterMs >= leftMs) return stop(question, 'no_time')
  if (isDown) return stop(question, 'upstream_down')
  if (!hasBudget) return stop(question, 'retry_budget')
  return { kind: 'again', afterMs }
}

/** Whether a status may mean that the same request succeeds later. */
export function isRetryStatus(status: number): boolean {
  return status === 429 || passing.has(status)
}

function mayRepeat(question: RetryQuestion): boolean {
  const { end } = question
  if (end.kind === 'not_sent') return true
  // A 429 says it was not done. Without a time to come back at, asking again is what it forbids.
  if (end.kind === 'status' && end.status === 429) return end.retryAfterMs !== null
  return (end.kind === 'no_answer' || isPassing(end)) && isRepeatable(question)
}

const isPassing = (end: AttemptEnd) => end.kind === 'status' && passing.has(end.status)

/** Whether asking twice does no more than asking once. */
function isRepeatable({ method, policy, sendsKey }: RetryQuestion): boolean {
  return isReadMethod(method) || policy.isIdempotent || (policy.honoursKey && sendsKey)
}

/** Full jitter: anything up to a bound that doubles, on top of what the upstream asks for. */
function waitMs({ end, attempts, random }: RetryQuestion): number {
  const asked = end.kind === 'status' ? (end.retryAfterMs ?? 0) : 0
  return asked + random * Math.min(backoffCapMs, backoffBaseMs * 2 ** (attempts - 1))
}

function stop({ end, method }: RetryQuestion, why: RetryStop): RetryDecision {
  const isUnknown = end.kind === 'no_answer' && !isReadMethod(method)
  return { kind: isUnknown ? 'unknown' : 'give_up', why }
}
