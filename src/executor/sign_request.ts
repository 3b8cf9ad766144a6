import {
  bodyDigest,
  canonicalLine,
  prepareSigner,
  type RequestSigner,
  signatureHeader,
} from '../crypto/request_signature.ts'
import { AppError } from '../errors.ts'
import type { Member } from '../model/principal.ts'
import type { AuthStrategy, ToolDefinition } from '../model/tool.ts'
import { type Header, isHeaderValue } from './headers_template.ts'
import type { CallerVariables, RenderedRequest } from './render_request.ts'
import { authHeaderOf, comparableName, isAuthHeader, isSettable } from './settable_header.ts'

declare const signed: unique symbol

/** A request as it goes out, every header in place. Only `signRequest` makes one. */
export interface SignedRequest extends RenderedRequest {
  readonly [signed]: true
  /** The line its signature covers; null unless the strategy is `hmac_signature`. */
  readonly canonicalLine: string | null
  /** Comparable name of the header that carries the credential; null for none. */
  readonly authHeader: string | null
}

/** How a tool proves itself to its upstream, secrets opened. */
export interface UpstreamAuth {
  readonly strategy: AuthStrategy
  /** The header `static_header` fills; null for every other strategy. */
  readonly headerName: string | null
  /** Newest first; two during a rotation; empty for `none`. */
  readonly secrets: readonly string[]
}

/** An UpstreamAuth checked and made ready, once per compiled tool. */
export interface PreparedAuth {
  /** The header with the credential itself; null where there is none. */
  readonly credential: Header | null
  /** One per valid secret of `hmac_signature`, newest first. */
  readonly signers: readonly RequestSigner[]
  /** Comparable name of the header that carries the credential; null for none. */
  readonly authHeader: string | null
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
  if (strategy === 'none') return { credential: null, signers: [], authHeader: null }
  const [secret] = secrets
  if (secret === undefined || secrets.includes('')) {
    const detail = `encrypted_auth_secret is required when auth_strategy is '${strategy}'`
    throw new AppError('auth_secret_required', { detail })
  }
  for (const each of secrets) refuseSecret(strategy, each)
  if (strategy === 'hmac_signature') {
    const authHeader = comparableName(signatureName)
    return { credential: null, signers: secrets.map(prepareSigner), authHeader }
  }
  const credential = credentialOf(strategy, headerName, secret)
  return { credential, signers: [], authHeader: authHeaderOf(strategy, headerName) }
}

function refuseSecret(strategy: AuthStrategy, secret: string): void {
  const isSealedText = strategy === 'hmac_signature' || strategy === 'basic'
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
  const line = auth.signers.length === 0 ? null : lineOf(rendered, stamp)
  if (line !== null) headers.push([signatureName, signatureHeader(auth.signers, line)])
  const { method, baseUrl, target, body } = rendered
  const { authHeader } = auth
  const request = { method, baseUrl, target, headers, body, canonicalLine: line, authHeader }
  return request as unknown as SignedRequest
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

function maskedValue({ authHeader }: SignedRequest, name: string, value: string): string {
  const comparable = comparableName(name)
  if (comparable === 'x-tengine-signature') return value.replace(/=[0-9a-f]*/g, '=***')
  if (comparable === 'authorization') return `${SCHEME.exec(value)?.[0] ?? ''}***`
  return comparable === authHeader ? '***' : value
}
