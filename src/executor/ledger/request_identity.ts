import { sha256 } from '../../crypto/digest.ts'
import { AppError } from '../../errors.ts'
import { canonicalJson } from '../../lib/canonical_json.ts'
import type { JsonObject } from '../../lib/json.ts'
import { checkIdempotencyKey, keyHint } from '../../model/idempotency_key.ts'
import type { Principal } from '../../model/principal.ts'
import type { RunClaim } from '../../model/run.ts'
import { isReadMethod, type ToolDefinition } from '../../model/tool.ts'
import { claimLifeMs } from '../../store/run_store.ts'
import type { Permit } from '../authorize.ts'

/** What of a call makes it the same logical request as another (wire.md §7). */
export interface RequestIdentity {
  /** Equal for equal requests, or for requests under one key; never shown. */
  readonly name: string
  /** What a key stands for; '' without a key. */
  readonly request: string
  /** What is on record; null for a read that is joined only while it is under way. */
  readonly claim: RunClaim | null
  /** How long its answer stands for repeats; 0 where only an unknown outcome does. */
  readonly keepMs: number
}

/** What identifying a call looks at. */
export interface IdentifiableCall {
  readonly arguments: JsonObject
  /** As the caller gave it, unchecked; null for none. */
  readonly idempotencyKey: unknown
  /** Which administrator tries the tool out; null for everybody else. */
  readonly actor: string | null
}

/** How long a success answers identical writes, unless the tool says otherwise. */
const WRITE_WINDOW_SECONDS = 300
/** Longer names are kept as digests. */
const MAX_NAME = 4_096

/**
 * Tells which request a call is: project, caller, tool and canonical arguments, or the name that the
 * caller gave it. Null where every call is a new one.
 * @throws AppError idempotency_key_invalid or idempotency_key_off
 */
export function identifyRequest(permit: Permit, call: IdentifiableCall): RequestIdentity | null {
  const { principal, compiled } = permit
  const { id, version, definition } = compiled.tool
  const { mode, windowSeconds } = definition.deduplication
  if (call.idempotencyKey !== null) return keyed(permit, call)
  if (mode !== 'identical') return null
  const isRead = isReadMethod(definition.httpMethod)
  const keepMs = (windowSeconds ?? (isRead ? 0 : WRITE_WINDOW_SECONDS)) * 1_000
  const caller = callerOf(principal, call.actor)
  const what = canonicalJson(call.arguments)
  if (!isRead) return kept(`i|${principal.projectId}|${caller}|${id}|${what}`, keepMs)
  // What a read is answered with hangs on more than its arguments; a write must not be sent twice
  // whatever changed meanwhile.
  const place = `${id}.${version}${sentIdentity(principal, definition)}`
  const name = `r|${principal.projectId}|${caller}|${place}|${what}`
  return keepMs === 0 ? joinedOnly(name) : kept(name, keepMs)
}

/** Half of the digest is as unique, and half the index. */
const claimHash = (name: string) => sha256(name).subarray(0, 16)

function joinedOnly(name: string): RequestIdentity {
  const short = name.length <= MAX_NAME ? name : Buffer.from(sha256(name)).toString('hex')
  return { name: short, request: '', claim: null, keepMs: 0 }
}

function kept(name: string, keepMs: number): RequestIdentity {
  const hash = claimHash(name)
  const short = name.length <= MAX_NAME ? name : Buffer.from(hash).toString('hex')
  return { name: short, request: '', claim: { hash, requestHash: null, keyHint: null }, keepMs }
}

function keyed({ principal, compiled }: Permit, call: IdentifiableCall): RequestIdentity {
  const key = checkIdempotencyKey(call.idempotencyKey)
  if (compiled.tool.definition.deduplication.mode === 'off') {
    const reason = 'Its deduplication is off: nothing would keep the request from being sent twice.'
    throw new AppError('idempotency_key_off', { reason })
  }
  const name = `k|${principal.projectId}|${callerOf(principal, call.actor)}|${key}`
  const requestHash = sha256(`${compiled.tool.id}|${canonicalJson(call.arguments)}`)
  return {
    name,
    request: Buffer.from(requestHash).toString('hex'),
    claim: { hash: claimHash(name), requestHash, keyHint: keyHint(key) },
    keepMs: claimLifeMs,
  }
}

/** The member, else the grant, else the integration; an administrator's trial is its own. */
function callerOf(principal: Principal, actor: string | null): string {
  const { session, grant, integrationId, member } = principal
  if (principal.kind === 'administrator') {
    return `a${JSON.stringify([actor, integrationId, member])}`
  }
  const memberId = session?.memberId ?? grant?.memberId ?? null
  if (memberId !== null) return `m${memberId}`
  return grant !== null ? `g${grant.id}` : `i${integrationId}`
}

/** What of the member the upstream is told beside the id. */
function sentIdentity({ member }: Principal, { injectMemberIdentity }: ToolDefinition): string {
  const { email, roles } = injectMemberIdentity
  if (member === null || !(email || roles)) return ''
  return JSON.stringify([email ? member.email : null, roles ? member.roles : []])
}
