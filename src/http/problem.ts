import type { AppError, ErrorKind, FieldError } from '../errors.ts'
import { bearerChallenge } from '../lib/bearer_challenge.ts'
import type { Logger } from '../log.ts'

/** An RFC 9457 problem as this API writes it (wire.md §10). */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly request_id: string
  readonly reason?: string
  readonly errors?: readonly FieldError[]
}

const titles: Readonly<Record<ErrorKind, string>> = {
  invalid: 'Invalid request',
  unauthenticated: 'Unauthenticated',
  forbidden: 'Forbidden',
  not_found: 'Not found',
  conflict: 'Conflict',
  rate_limited: 'Too many requests',
  upstream: 'Upstream failure',
  unknown_outcome: 'Outcome unknown',
  unavailable: 'Unavailable',
  internal: 'Internal error',
}

/** Writes a failure as a problem. Only what may be shown: never its cause. */
export function problemOf(error: AppError, requestId: string): Problem {
  return {
    type: `/docs/errors#${error.code}`,
    title: titles[error.kind],
    status: error.status,
    detail: error.message,
    code: error.code,
    request_id: requestId,
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(error.errors.length === 0 ? {} : { errors: error.errors }),
  }
}

/** What a client may learn about getting a credential that is good here (RFC 9728 §5.1). */
export interface WayIn {
  readonly resourceMetadata: string
  /** What to ask for; empty to leave it open. */
  readonly scopes: readonly string[]
}

/** Answers with a problem, the challenge or wait that goes with its kind included. */
export function problemResponse(error: AppError, requestId: string, wayIn?: WayIn): Response {
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-request-id': requestId,
  })
  if (error.kind === 'unauthenticated') {
    headers.set('www-authenticate', challengeOf(error, wayIn))
  }
  if (error.kind === 'unavailable' || error.kind === 'rate_limited') {
    headers.set('retry-after', String(error.retryAfterSeconds ?? 1))
  }
  // A body we refused to read is still on its way; the connection is of no further use (case 1).
  if (error.code === 'body_too_large') headers.set('connection', 'close')
  // 499 is for the record; on the wire nobody is left to read it.
  const status = error.status === 499 ? 400 : error.status
  return new Response(JSON.stringify(problemOf(error, requestId)), { status, headers })
}

/** Answers with a problem; one of our own making leaves its cause in the log under the same id. */
export function failureResponse(logger: Logger, error: AppError, requestId: string): Response {
  if (error.kind === 'internal') {
    const { code, cause } = error
    logger.error('internal_error', { request_id: requestId, code, cause })
  }
  return problemResponse(error, requestId)
}

/** RFC 6750 §3.1: no error code where no credential was sent at all. */
function challengeOf(error: AppError, wayIn: WayIn | undefined): string {
  const { resourceMetadata, scopes = [] } = wayIn ?? {}
  const where = {
    ...(resourceMetadata === undefined ? {} : { resourceMetadata }),
    ...(scopes.length === 0 ? {} : { scopes }),
  }
  if (error.code === 'missing_credential') return bearerChallenge(where)
  return bearerChallenge({ error: 'invalid_token', description: error.message, ...where })
}
