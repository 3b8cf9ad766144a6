import {
  bodyDigest,
  canonicalLine,
  prepareSigner,
  type RequestSigner,
  signatureHeader,
} from '../crypto/request_signature.ts'
import { AppError } from '../errors.ts'
import { comparableName, isHeaderToken } from '../model/header_name.ts'
import type { Member } from '../model/principal.ts'
import type { AuthStrategy, ToolDefinition } from '../model/tool.ts'
import { type Header, isHeaderValue } from './headers_template.ts'
import { maxTargetBytes, percentEncode, targetTooLarge } from './percent_encode.ts'
import type { CallerVariables, RenderedRequest } from './render_request.ts'
import { authHeaderOf, isAuthHeader, isSettable } from './settable_header.ts'
import { type ClientCredentials, clientCredentials, type TokenEndpoint } from './token_endpoint.ts'

declare const signed: unique symbol

/** A request as it goes out, every header in place. Only `signRequest` makes one. */
export interface SignedRequest extends RenderedRequest {
  readonly [signed]: true
  /** The line its signature covers; null unless the strategy is `hmac_signature`. */
  readonly canonicalLine: string | null
  /** Comparable name of the header that carries the credential; null for none. */
  readonly authHeader: string | null
  /** The credential outside the headers; null for none. It ends the target, or the cookies. */
  readonly pair: CredentialPair | null
}

/** How a tool proves itself to its upstream, secrets opened. */
export interface UpstreamAuth {
  readonly strategy: AuthStrategy
  /** The header, query parameter or cookie a `static_…` strategy fills; null for every other. */
  readonly headerName: string | null
  /** Newest first; two during a rotation; empty for `none`. */
  readonly secrets: readonly string[]
  /** Where `oauth_client_credentials` gets its tokens; nothing for every other strategy. */
  readonly tokenEndpoint?: TokenEndpoint | null
}

/** A credential in the query or among the cookies. */
export interface CredentialPair {
  readonly in: 'query' | 'cookie'
  /** As sent: `name=secret`. */
  readonly text: string
  /** As shown: `name=***`. */
  readonly masked: string
}

/** An UpstreamAuth checked and made ready, once per compiled tool. */
export interface PreparedAuth {
  /** The header with the credential itself; null where there is none. */
  readonly credential: Header | null
  /** One per valid secret of `hmac_signature`, newest first. */
  readonly signers: readonly RequestSigner[]
  /** Comparable name of the header that carries the credential; null for none. */
  readonly authHeader: string | null
  /** The credential of `static_query` and `static_cookie`; null for every other strategy. */
  readonly pair: CredentialPair | null
  /** What `oauth_client_credentials` gets its token with; null for every other strategy. */
  readonly client: ClientCredentials | null
}

/** What belongs to one attempt of one run (wire.md §6). */
export interface AttemptStamp {
  /** The run's uuid, the same on every attempt (reliability.md case 155). */
  readonly requestId: string
  /** Unix seconds of this attempt. */
  readonly timestampSeconds: number
  readonly traceparent: string
  readonly caller: CallerVariables
  readonly member: Member | null
  readonly inject: ToolDefinition['injectMemberIdentity']
  /** Null where none is sent. */
  readonly idempotencyKey: string | null
}

const signatureName = 'X-Tengine-Signature'
/** RFC 6265 §4.1.1, with the quotes that some servers put around. */
const COOKIE_VALUE = /^"?[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"?$/
const VISIBLE_SECRET = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f]/

/**
 * Checks the secrets of a tool and builds its credential header or its signers.
 * @throws AppError auth_secret_required - a strategy without a secret; validation_failed - a secret
 * that cannot be sent, or a header that `static_header` may not fill
 */
export function prepareAuth(auth: UpstreamAuth): PreparedAuth {
  const { strategy, headerName, secrets } = auth
  if (strategy === 'none') return nothing
  const [secret] = secrets
  if (secret === undefined || secrets.includes('')) {
    const detail = `encrypted_auth_secret is required when auth_strategy is '${strategy}'`
    throw new AppError('auth_secret_required', { detail })
  }
  for (const each of secrets) refuseSecret(strategy, each)
  if (strategy === 'hmac_signature') {
    const authHeader = comparableName(signatureName)
    return { ...nothing, signers: secrets.map(prepareSigner), authHeader }
  }
  const authHeader = authHeaderOf(strategy, headerName)
  if (strategy === 'oauth_client_credentials') {
    return { ...nothing, authHeader, client: clientOf(auth, secret) }
  }
  if (strategy === 'static_query' || strategy === 'static_cookie') {
    return { ...nothing, pair: pairOf(strategy, headerName, secret) }
  }
  const credential = credentialOf(strategy, headerName, secret)
  return { ...nothing, credential, authHeader }
}

const nothing: PreparedAuth = {
  credential: null,
  signers: [],
  authHeader: null,
  pair: null,
  client: null,
}

/** The same auth with a token in its place, for one attempt. */
export function withToken(auth: PreparedAuth, token: string): PreparedAuth {
  return { ...auth, credential: ['Authorization', `Bearer ${token}`] }
}

function clientOf({ tokenEndpoint }: UpstreamAuth, secret: string): ClientCredentials {
  if (tokenEndpoint == null) throw fieldError('/auth_oauth', 'is required for this strategy')
  return clientCredentials(tokenEndpoint, secret)
}

function pairOf(
  strategy: 'static_query' | 'static_cookie',
  name: string | null,
  secret: string,
): CredentialPair {
  checkPairName(strategy, name)
  if (strategy === 'static_query') {
    const encoded = percentEncode(name)
    return {
      in: 'query',
      text: `${encoded}=${percentEncode(secret)}`,
      masked: `${encoded}=***`,
    }
  }
  if (!COOKIE_VALUE.test(secret)) {
    throw fieldError('/encrypted_auth_secret', 'holds a character that a cookie cannot')
  }
  return { in: 'cookie', text: `${name}=${secret}`, masked: `${name}=***` }
}

/**
 * Checks the name of the query parameter or cookie that carries a credential.
 * @throws AppError validation_failed
 */
export function checkPairName(strategy: AuthStrategy, name: string | null): asserts name is string {
  const isGood =
    strategy === 'static_query'
      ? name !== null && /^[^\p{Cc}\p{Cs}]{1,128}$/u.test(name)
      : name !== null && isHeaderToken(name)
  if (isGood) return
  const what = strategy === 'static_query' ? 'query parameter' : 'cookie'
  throw fieldError('/auth_header_name', `must be the name of the ${what} to fill`)
}

function refuseSecret(strategy: AuthStrategy, secret: string): void {
  const isSealedText =
    strategy === 'hmac_signature' || strategy === 'basic' || strategy === 'oauth_client_credentials'
  if (
    isSealedText ? CONTROL.test(secret) || !secret.isWellFormed() : !VISIBLE_SECRET.test(secret)
  ) {
    throw fieldError('/encrypted_auth_secret', 'holds a character that cannot be sent')
  }
  if (strategy === 'basic' && !secret.includes(':')) {
    throw fieldError('/encrypted_auth_secret', 'must be user:password for basic')
  }
}

function credentialOf(strategy: AuthStrategy, headerName: string | null, secret: string): Header {
  if (strategy === 'static_bearer') return ['Authorization', `Bearer ${secret}`]
  if (strategy === 'basic') {
    return ['Authorization', `Basic ${Buffer.from(secret, 'utf8').toString('base64')}`]
  }
  if (headerName === null || !isAuthHeader(headerName)) {
    throw fieldError('/auth_header_name', 'must be a header name that Gatehouse may fill')
  }
  return [headerName, secret]
}

function fieldError(pointer: string, message: string): AppError {
  return new AppError('validation_failed', { errors: [{ pointer, message }] })
}

/**
 * Adds identity, time, trace and credential to a rendered request and signs what will be sent. Call
 * it again for every attempt: the timestamp moves, the id stays (wire.md §6).
 * @throws AppError invalid_header_value - a member's id, email or role (or another text of the stamp)
 * that no header can carry unchanged; header_not_settable - a rendered header is one of those set here
 */
export function signRequest(
  rendered: RenderedRequest,
  auth: PreparedAuth,
  stamp: AttemptStamp,
): SignedRequest {
  const headers = [...rendered.headers]
  for (const [name] of headers) {
    if (!isSettable(comparableName(name), auth.authHeader)) {
      throw new AppError('header_not_settable', { reason: `${name} is set by Gatehouse.` })
    }
  }
  pushStamp(headers, stamp)
  if (auth.credential !== null) headers.push(auth.credential)
  const { authHeader, pair } = auth
  const isPlain = pair === null && rendered.cookie === undefined
  if (!isPlain) pushCookies(headers, rendered.cookie, pair)
  const target = isPlain ? rendered.target : targetWith(rendered.target, pair)
  const line = auth.signers.length === 0 ? null : lineOf(rendered, stamp)
  if (line !== null) headers.push([signatureName, signatureHeader(auth.signers, line)])
  const { method, baseUrl, body } = rendered
  const request = { method, baseUrl, target, headers, body, canonicalLine: line, authHeader, pair }
  return request as unknown as SignedRequest
}

function targetWith(target: string, pair: CredentialPair | null): string {
  if (pair?.in !== 'query') return target
  const long = `${target}${target.includes('?') ? '&' : '?'}${pair.text}`
  if (long.length > maxTargetBytes) throw targetTooLarge()
  return long
}

/** All cookies in one header (RFC 6265 §5.4), the credential's last. */
function pushCookies(
  headers: Header[],
  rendered: string | undefined,
  pair: CredentialPair | null,
): void {
  const own = pair?.in === 'cookie' ? pair.text : undefined
  if (rendered === undefined && own === undefined) return
  headers.push(['Cookie', [rendered, own].filter((part) => part !== undefined).join('; ')])
}

function lineOf({ method, target, body }: RenderedRequest, stamp: AttemptStamp): string {
  const { timestampSeconds, requestId } = stamp
  return canonicalLine({
    timestampSeconds,
    requestId,
    method,
    target,
    bodyDigest: bodyDigest(body),
  })
}

function pushStamp(headers: Header[], stamp: AttemptStamp): void {
  const { caller, member, inject } = stamp
  headers.push(
    ['X-Tengine-Project-Id', caller.projectId],
    ['X-Tengine-Integration-Id', caller.integrationId],
    ['X-Tengine-Request-Id', stamp.requestId],
    ['X-Tengine-Timestamp', String(stamp.timestampSeconds)],
  )
  if (member !== null) {
    if (inject.id) pushText(headers, 'X-Tengine-Member-Id', member.externalId)
    if (inject.email) pushText(headers, 'X-Tengine-Member-Email', member.email ?? '')
    if (inject.roles) pushText(headers, 'X-Tengine-Member-Roles', rolesText(member.roles))
  }
  if (stamp.idempotencyKey !== null) pushText(headers, 'Idempotency-Key', stamp.idempotencyKey)
  pushText(headers, 'traceparent', stamp.traceparent)
}

/** Adds a header; an empty value adds none, one that would not arrive unchanged is refused. */
function pushText(headers: Header[], name: string, value: string): void {
  if (value === '') return
  // Receivers strip spaces around a value: " alice" would arrive as "alice".
  if (value.trim() !== value || !isHeaderValue(value)) {
    throw new AppError('invalid_header_value', { reason: `${name} cannot carry the value.` })
  }
  headers.push([name, value])
}

function rolesText(roles: readonly string[]): string {
  if (roles.some((role) => role === '' || role.includes(',') || role.trim() !== role)) {
    const reason =
      'X-Tengine-Member-Roles cannot carry an empty role, or one with a comma or spaces around it.'
    throw new AppError('invalid_header_value', { reason })
  }
  return roles.join(',')
}

const SCHEME = /^(?:Bearer|Basic|Token|Digest|ApiKey) /i

/** The headers as people may see them: every credential and signature as `***` after its scheme. */
export function maskedHeaders(request: SignedRequest): [string, string][] {
  return request.headers.map(([name, value]) => [name, maskedValue(request, name, value)])
}

/** The target as people may see it: the credential as `***`. */
export function maskedTarget({ target, pair }: SignedRequest): string {
  return pair?.in === 'query' ? maskedEnd(target, pair) : target
}

const maskedEnd = (text: string, pair: CredentialPair) =>
  text.slice(0, text.length - pair.text.length) + pair.masked

function maskedValue({ authHeader, pair }: SignedRequest, name: string, value: string): string {
  const comparable = comparableName(name)
  if (comparable === 'cookie' && pair?.in === 'cookie') return maskedEnd(value, pair)
  if (comparable === 'x-tengine-signature') return value.replace(/=[0-9a-f]*/g, '=***')
  if (comparable === 'authorization') return `${SCHEME.exec(value)?.[0] ?? ''}***`
  return comparable === authHeader ? '***' : value
}
