/** The error codes of the OAuth endpoints: RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'invalid_token'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'unsupported_token_type'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'access_denied'
  | 'server_error'
  | 'temporarily_unavailable'

/** What may go with an OAuthError beside its code and sentence. */
export interface OAuthErrorOptions {
  /** HTTP status where it is answered as JSON; else 401 for a client or token that is not known, 400. */
  readonly status?: number
  /** The `Retry-After` header. */
  readonly retryAfterSeconds?: number
  /** For the log only. */
  readonly cause?: unknown
}

const statuses: Readonly<Partial<Record<OAuthErrorCode, number>>> = {
  invalid_client: 401,
  invalid_token: 401,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
}

/** An expected failure in the words of OAuth. Its description is shown to the client: no secret. */
export class OAuthError extends Error {
  readonly error: OAuthErrorCode
  /** ASCII without `"` and `\`, as RFC 6749 §5.2 wants it. */
  readonly description: string
  readonly status: number
  readonly retryAfterSeconds: number | undefined

  constructor(error: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(description, { cause: options.cause })
    this.name = 'OAuthError'
    this.error = error
    this.description = description.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')
    this.status = options.status ?? statuses[error] ?? 400
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
