import { AppError, type ErrorCode } from '../../errors.ts'
import { CertificateRefusal } from '../connector/tls_trust.ts'
import { ExchangeError, type UpstreamResponse } from '../send_request.ts'
import type { EndedAttempt } from './attempt_trail.ts'
import type { Health } from './breaker.ts'
import { retryAfterMs } from './retry_after.ts'
import { type AttemptEnd, isRetryStatus } from './retry_policy.ts'

const unreachable: ReadonlySet<ErrorCode> = new Set(['upstream_connection', 'upstream_tls'])
const lost: ReadonlySet<ErrorCode> = new Set([
  'upstream_connection',
  'upstream_incomplete',
  'upstream_timeout',
])
/** What a name server says that it will say again. */
const noSuchName: ReadonlySet<unknown> = new Set([
  ...['DNS_ENOTFOUND', 'ENOTFOUND', 'DNS_ENODATA', 'ENODATA'],
])
/** A lookup that took so long has spent what a lookup may take (case 176). */
const slowLookupMs = 500
/** A deadline that ends a connection attempt sooner says more of the deadline than of the upstream. */
const slowConnectMs = 1_000

/** How an attempt ended as far as sending it again is concerned. */
export function attemptEnd(ended: EndedAttempt, epochMs: number): AttemptEnd {
  const { response, error } = ended
  if (response !== null) return answerEnd(response, epochMs)
  if (!(error instanceof ExchangeError)) return isPassingLookup(ended) ? notSent : final
  const { code, cause } = error.error
  if (error.sent === 'maybe') return lost.has(code) ? { kind: 'no_answer' } : final
  // A certificate is refused again a moment later (case 168).
  return unreachable.has(code) && !(cause instanceof CertificateRefusal) ? notSent : final
}

const notSent: AttemptEnd = { kind: 'not_sent' }
const final: AttemptEnd = { kind: 'final' }

function answerEnd({ status, headers }: UpstreamResponse, epochMs: number): AttemptEnd {
  if (!isRetryStatus(status)) return final
  return { kind: 'status', status, retryAfterMs: retryAfterMs(headers.get('retry-after'), epochMs) }
}

function isPassingLookup({ error, dnsMs }: EndedAttempt): boolean {
  if (!(error instanceof AppError) || error.code !== 'upstream_dns') return false
  const code = (error.cause as { code?: unknown } | undefined)?.code
  return dnsMs < slowLookupMs && !noSuchName.has(code)
}

/**
 * What an attempt says of its upstream: down where nothing answers, or a proxy says so for it; up
 * where anything answers, a 500 or a malformed answer too.
 */
export function healthOf({ response, error }: EndedAttempt): Health {
  if (response !== null) {
    const { status } = response
    return status === 502 || status === 503 || status === 504 ? 'down' : 'up'
  }
  if (!(error instanceof ExchangeError)) {
    return error?.code === 'upstream_dns' ? 'down' : 'neither'
  }
  const { code } = error.error
  if (error.sent === 'no') {
    const isStuck = code === 'upstream_timeout' && error.timings.totalMs >= slowConnectMs
    return isStuck || unreachable.has(code) ? 'down' : 'neither'
  }
  if (lost.has(code)) return 'down'
  return code === 'call_cancelled' ? 'neither' : 'up'
}
