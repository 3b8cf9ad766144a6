import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { AppError } from '../../errors.ts'
import { NoAnswer } from './provider_fetch.ts'

/** What the library says where the provider was not reached, or answered no OpenID provider's answer. */
const unusable = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
  'OAUTH_HTTP_REQUEST_FORBIDDEN',
  'OAUTH_REQUEST_PROTOCOL_FORBIDDEN',
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_INVALID_SERVER_METADATA',
])

/** Puts whatever went wrong with the provider into our words; what exactly is for the log. */
export function providerFailure(cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  if (isUnreachable(cause)) {
    const reason = 'Try again later. Whoever runs this server finds the cause in its log.'
    return new AppError('provider_unavailable', { reason, cause })
  }
  return new AppError('external_sign_in_failed', { reason: reasonOf(cause), cause })
}

function isUnreachable(cause: unknown): boolean {
  for (let error = cause; error instanceof Error; error = error.cause) {
    if (error instanceof NoAnswer) return true
    if (error instanceof ClientError && unusable.has(error.code ?? '')) return true
    if (error instanceof ResponseBodyError) return error.status >= 500
  }
  return false
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AuthorizationResponseError) {
    return cause.error === 'access_denied'
      ? 'You did not agree, or the provider does not let you in here.'
      : 'The provider answered with an error. Start again; if it stays, tell an administrator.'
  }
  if (cause instanceof ResponseBodyError && cause.error === 'invalid_client') {
    return 'The provider does not know this server by its client id and secret. Tell an administrator.'
  }
  return 'What the provider sent does not fit the sign-in you began. Start again.'
}

/**
 * A failure and what led to it, a line each, for the log: errors of the library hold claims and
 * parameters too, which do not belong there.
 */
export function linesOf(failure: unknown): readonly string[] {
  const lines: string[] = []
  for (let error = failure; error instanceof Error && lines.length < 8; error = error.cause) {
    lines.push(`${error.name}: ${error.message}${saidBy(error)}`)
  }
  return lines
}

const saidBy = (error: Error) =>
  error instanceof AuthorizationResponseError || error instanceof ResponseBodyError
    ? ` (${error.error}: ${error.error_description ?? 'no description'})`
    : ''
