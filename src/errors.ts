/** What sort of failure it is; every edge maps each kind exactly once (see the exhaustive tables there). */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'rate_limited'
  | 'upstream'
  | 'unknown_outcome'
  | 'unavailable'
  | 'internal'

interface CatalogueLine {
  readonly kind: ErrorKind
  /** HTTP status at the management API and in `_meta["tengine/error"].status` (wire.md §5, §7). */
  readonly status: number
  /** The sentence people read; literal where wire.md gives it. */
  readonly detail: string
}

const line = (kind: ErrorKind, status: number, detail: string): CatalogueLine => ({
  kind,
  status,
  detail,
})

const assertionLine = (code: string) =>
  line('unauthenticated', 401, `Invalid member assertion: ${code}`)

/**
 * Every failure Gatehouse can report, one line each: code, kind, HTTP status, literal detail.
 * docs/errors.md is generated from this table and a test keeps the two equal.
 */
export const catalogue = {
  // credentials
  missing_credential: line('unauthenticated', 401, 'A bearer credential is required'),
  invalid_api_key: line('unauthenticated', 401, 'Invalid or inactive API key'),
  invalid_admin_token: line('unauthenticated', 401, 'Invalid or inactive admin token'),
  invalid_token: line('unauthenticated', 401, 'Token validation failed'),
  access_token_expired: line('unauthenticated', 401, 'Token validation failed'),
  member_token_expired: line('unauthenticated', 401, 'Member JWT has expired'),
  invalid_member_assertion: line('unauthenticated', 401, 'Invalid member assertion'),
  permission_denied: line('forbidden', 403, 'The credential lacks a permission this needs'),
  project_suspended: line('forbidden', 403, 'Project is suspended'),
  project_mismatch: line('forbidden', 403, 'The credential belongs to another project'),

  // people and the console
  sign_in_failed: line('unauthenticated', 401, 'Email or password is wrong'),
  second_factor_failed: line('unauthenticated', 401, 'The code is wrong or was used before'),
  passkey_failed: line('unauthenticated', 401, 'The passkey was not accepted'),
  not_signed_in: line('unauthenticated', 401, 'Sign in first'),
  csrf_failed: line('forbidden', 403, 'The form was not sent from this site'),
  external_sign_in_failed: line('unauthenticated', 401, 'The provider did not confirm who you are'),
  external_sign_in_refused: line('forbidden', 403, 'The provider knows you, but you may not enter'),
  provider_unavailable: line('unavailable', 503, 'The sign-in provider does not answer'),
  password_sign_in_off: line('forbidden', 403, 'Nobody signs in by password here'),
  too_many_sign_ins: line('rate_limited', 429, 'Too many failed sign-ins'),
  setup_link_invalid: line('forbidden', 403, 'The link is not valid or was used before'),
  setup_done: line('conflict', 409, 'The first administrator exists already'),
  weak_password: line('invalid', 422, 'The password is too weak'),
  last_owner: line('conflict', 409, 'The last owner cannot be removed'),

  // OAuth (wire.md §8)
  client_not_allowed: line('forbidden', 403, 'OAuth client_id is not allowed'),
  redirect_not_allowed: line('invalid', 400, 'redirect_uri is not allowed'),
  scopes_not_allowed: line('invalid', 400, 'Requested scopes are not allowed'),
  authorize_invalid: line('invalid', 400, 'The authorization request is not valid'),
  scope_in_use: line('conflict', 409, 'A tool requires this scope'),
  mcp_disabled: line('forbidden', 403, 'MCP is disabled for this project'),

  // session tokens (wire.md §3)
  assertion_required: line('invalid', 400, 'Provide member_assertion or member_external_id'),
  member_unresolved: line('invalid', 400, 'Could not resolve member_external_id'),
  sub_invalid: line('invalid', 400, 'Could not resolve member_external_id'),
  key_without_integration: line('invalid', 400, 'API key missing project or integration'),
  unverified_minting_disabled: line(
    'forbidden',
    403,
    'member_external_id mode disabled in production',
  ),
  member_blocked: line('forbidden', 403, 'Member is blocked'),
  assertion_malformed: assertionLine('MALFORMED'),
  assertion_missing_kid: assertionLine('MISSING_KID'),
  assertion_key_not_found: assertionLine('KEY_NOT_FOUND'),
  assertion_alg_not_allowed: assertionLine('ALG_NOT_ALLOWED'),
  assertion_invalid_signature: assertionLine('INVALID_SIGNATURE'),
  assertion_aud_mismatch: assertionLine('AUD_MISMATCH'),
  assertion_ttl_too_long: assertionLine('TTL_TOO_LONG'),
  assertion_expired: assertionLine('EXPIRED'),
  assertion_iat_in_future: assertionLine('IAT_IN_FUTURE'),
  assertion_not_yet_valid: assertionLine('NOT_YET_VALID'),
  assertion_replayed: assertionLine('REPLAYED'),

  // assertion keys (wire.md §4)
  invalid_public_key: line('invalid', 400, 'Invalid public key format'),
  unsupported_algorithm: line('invalid', 400, 'Unsupported algorithm'),
  kid_taken: line('conflict', 409, 'kid already exists for this project'),

  // the request itself
  validation_failed: line('invalid', 422, 'Validation error'),
  bad_request: line('invalid', 400, 'Bad request'),
  malformed_json: line('invalid', 400, 'The body is not valid JSON'),
  duplicate_key: line('invalid', 400, 'A JSON object repeats a key'),
  nul_character: line('invalid', 400, 'A string holds a NUL character'),
  bad_unicode: line('invalid', 400, 'A string holds a lone surrogate'),
  forbidden_key: line('invalid', 400, 'A JSON object uses a reserved key'),
  body_too_large: line('invalid', 413, 'The request body is too large'),
  unsupported_media_type: line('invalid', 415, 'Content-Type must be application/json'),
  not_acceptable: line('invalid', 406, 'Accept must allow application/json and text/event-stream'),
  invalid_cursor: line('invalid', 400, 'The cursor is not valid'),
  bad_host: line('invalid', 400, 'The Host header is missing or malformed'),
  host_not_allowed: line('forbidden', 403, 'Host is not allowed'),
  origin_not_allowed: line('forbidden', 403, 'Origin is not allowed'),
  method_not_allowed: line('invalid', 405, 'Method not allowed'),
  not_found: line('not_found', 404, 'Not found'),
  name_taken: line('conflict', 409, 'That name is already in use'),
  version_conflict: line('conflict', 409, 'The resource has changed since it was read'),

  // tool registration (wire.md §5)
  base_url_not_origin: line('invalid', 400, 'base_url must be origin-only (no paths)'),
  base_url_not_https: line('invalid', 400, 'base_url must use HTTPS'),
  endpoint_path_relative: line('invalid', 400, 'endpoint_path must start with /'),
  auth_secret_required: line(
    'invalid',
    400,
    "encrypted_auth_secret is required when auth_strategy is 'hmac_signature'",
  ),
  member_id_without_member: line(
    'invalid',
    400,
    'endpoint_path uses {{member_id}} but require_member=False',
  ),
  header_not_settable: line('invalid', 400, 'headers_template sets a header that is not settable'),
  schema_too_complex: line('invalid', 422, 'The JSON Schema is too large or too deep'),
  remote_ref: line('invalid', 422, 'The JSON Schema refers to another document'),
  document_unreadable: line('invalid', 422, 'The API description cannot be read'),

  // importing an OpenAPI document (wire.md §9)
  document_unavailable: line('upstream', 502, 'The document could not be fetched'),
  import_failed: line('internal', 500, 'The import failed'),
  import_running: line('conflict', 409, 'The source is being imported already'),
  import_not_ready: line('conflict', 409, 'The import is not one that can be applied'),
  import_superseded: line('conflict', 409, 'The plan no longer fits the source'),
  dangerous_changes: line('conflict', 409, 'The import makes dangerous changes'),
  nothing_to_roll_back: line('conflict', 409, 'There is nothing to roll back to'),
  too_many_imports: line('rate_limited', 429, 'Too many imports are waiting'),

  // a tool call (wire.md §7)
  unknown_tool: line('invalid', 400, 'Unknown tool'),
  tool_not_enabled: line('forbidden', 403, 'Tool not enabled for this project'),
  member_required: line('forbidden', 403, 'Member context required for this tool'),
  insufficient_scope: line('forbidden', 403, 'Tool requires scopes: {scopes}'),
  reserved_variable: line('invalid', 400, 'Reserved variable cannot be provided as user input'),
  invalid_arguments: line('invalid', 400, "Arguments do not fit the tool's input_schema"),
  invalid_argument: line('invalid', 400, 'An argument cannot be used where the template puts it'),
  invalid_header_value: line('invalid', 400, 'An argument cannot be sent as a header value'),
  template_escape: line('invalid', 400, 'An argument would change the path of the request'),
  request_too_large: line('invalid', 413, 'The rendered request is too large'),
  secret_undecryptable: line('internal', 500, 'Failed to decrypt auth secret'),
  upstream_auth_failed: line('upstream', 502, 'The upstream credential could not be obtained'),
  egress_denied: line('forbidden', 403, 'The upstream address is not allowed by the egress policy'),
  aborted_before_send: line('forbidden', 403, 'The call was stopped before it was sent'),
  idempotency_key_invalid: line('invalid', 400, 'The idempotency key is not valid'),
  idempotency_key_off: line('invalid', 422, 'The tool takes no idempotency key'),
  idempotency_key_reuse: line('invalid', 422, 'The idempotency key was used for another request'),
  call_cancelled: line('invalid', 499, 'The client went away'),
  tool_execution_failed: line('internal', 500, 'Tool execution failed'),
  upstream_timeout: line('upstream', 500, 'Tool execution timed out'),
  upstream_status: line('upstream', 502, 'Upstream tool call failed — non-2xx response'),
  upstream_redirect: line('upstream', 502, 'Upstream tool call failed — non-2xx response'),
  upstream_connection: line('upstream', 502, 'Upstream tool call failed — connection error'),
  upstream_dns: line('upstream', 502, 'Upstream tool call failed — connection error'),
  upstream_tls: line('upstream', 502, 'Upstream tool call failed — connection error'),
  upstream_protocol: line('upstream', 502, 'Upstream tool call failed — connection error'),
  upstream_incomplete: line('upstream', 502, 'Upstream tool call failed — connection error'),
  upstream_decode: line('upstream', 502, 'Upstream tool call failed — connection error'),
  response_too_large: line('upstream', 502, 'Upstream tool call failed — response too large'),
  upstream_unavailable: line('upstream', 502, 'Upstream tool call failed — upstream unavailable'),
  upstream_overloaded: line('upstream', 502, 'Upstream tool call failed — upstream overloaded'),
  output_schema: line(
    'upstream',
    502,
    "The upstream's answer does not fit the tool's output_schema",
  ),
  response_shape: line('upstream', 502, "The upstream's answer could not be shaped"),
  result_not_found: line('not_found', 404, 'No such result, or no longer'),
  outcome_unknown: line(
    'unknown_outcome',
    409,
    'outcome_unknown: the request may have reached the upstream; it was not sent again',
  ),

  run_not_unknown: line('conflict', 409, 'The outcome of the run is not unknown'),
  run_not_verifiable: line('conflict', 409, 'There is nothing to verify the run with'),

  // the house
  too_many_streams: line('rate_limited', 429, 'Too many open streams'),
  rate_limited: line('rate_limited', 429, 'Rate limit exceeded'),
  quota_exceeded: line('rate_limited', 429, 'Quota exceeded'),
  too_many_failures: line('rate_limited', 429, 'Too many failed authentications'),
  overloaded: line('unavailable', 503, 'Too many calls are in flight'),
  shutting_down: line('unavailable', 503, 'The server is shutting down'),
  store_unavailable: line('unavailable', 503, 'The store is not available'),
  storage_full: line('unavailable', 503, 'The disk of the store is full'),
  store_failed: line('unavailable', 503, 'The disk of the store has failed'),
  clock_behind: line('unavailable', 503, 'The clock is behind what the store has on record'),
  store_locked: line('unavailable', 503, 'The data directory is in use by another process'),
  store_unusable: line('internal', 500, 'The data directory cannot be used'),
  store_too_new: line('internal', 500, 'The database was written by a newer version'),
  wrong_master_key: line('internal', 500, 'The master key does not open this database'),
  internal: line('internal', 500, 'Internal error'),
} as const satisfies Record<string, CatalogueLine>

/** A code of the catalogue. */
export type ErrorCode = keyof typeof catalogue

/** One failing place of a structured input: an RFC 6901 pointer and what is wrong there. */
export interface FieldError {
  readonly pointer: string
  readonly message: string
}

/** What may travel with an AppError beside its code. All of it may be shown to the caller except `cause`. */
export interface AppErrorOptions {
  /** Replaces the catalogue's detail, where the literal text has a variable part. */
  readonly detail?: string
  /** One more sentence on this very failure: what exactly, and what to do. Never holds a secret. */
  readonly reason?: string
  readonly errors?: readonly FieldError[]
  /** How long to wait before the same may succeed; the `Retry-After` header. */
  readonly retryAfterSeconds?: number
  /** Scopes to ask for with the next credential; the challenge names them. */
  readonly scopes?: readonly string[]
  /** For the log only. */
  readonly cause?: unknown
}

/** An expected failure: a code for machines, a sentence for people, a cause for the log. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly status: number
  readonly reason: string | undefined
  readonly errors: readonly FieldError[]
  readonly retryAfterSeconds: number | undefined
  readonly scopes: readonly string[]

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    const entry: CatalogueLine = catalogue[code]
    super(options.detail ?? entry.detail, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.kind = entry.kind
    this.status = entry.status
    this.reason = options.reason
    this.errors = options.errors ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
    this.scopes = options.scopes ?? []
  }
}
