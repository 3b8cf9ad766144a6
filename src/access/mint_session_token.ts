import {
  type AssertionRules,
  maxAssertionChars,
  replayed,
  type VerifiedAssertion,
  verifyAssertion,
} from '../crypto/member_assertion.ts'
import { adminTokenPrefix } from '../crypto/opaque_token.ts'
import { AppError } from '../errors.ts'
import type { JsonValue } from '../lib/json.ts'
import { externalIdFault, type MemberRecord } from '../model/member.ts'
import type { Member, Principal } from '../model/principal.ts'
import {
  deleteExpiredAssertions,
  findActiveAssertionKey,
  insertUsedAssertion,
} from '../store/assertion_key_store.ts'
import type { Operation } from '../store/database.ts'
import { upsertMember } from '../store/member_store.ts'
import { findProject } from '../store/project_store.ts'
import { type AccessDeps, authenticateAdministrator, authenticateApiKey } from './authenticate.ts'
import { bearerToken } from './bearer_token.ts'

/** What a backend asks for; neither member is trusted to be of its type (wire.md §3). */
export interface SessionRequest {
  readonly memberAssertion: JsonValue | undefined
  readonly memberExternalId: JsonValue | undefined
}

/** A session token at its birth. */
export interface MintedSession {
  readonly token: string
  readonly expiresInMinutes: number
  readonly expiresAtMs: number
  readonly projectId: number
  readonly integrationId: number
  readonly memberId: number
  /** Whether an assertion stands behind it. */
  readonly isVerified: boolean
}

/**
 * Whose backend asks for a session token, by its API key.
 * @throws AppError invalid_api_key, project_suspended, permission_denied, missing_credential;
 * key_without_integration - an administrator, who comes through no integration
 */
export async function authenticateMinter(
  deps: AccessDeps,
  authorization: string | null,
): Promise<Principal> {
  if (bearerToken(authorization)?.startsWith(adminTokenPrefix)) {
    await authenticateAdministrator(deps, authorization)
    throw new AppError('key_without_integration', {
      reason: 'Session tokens are minted with an API key (tengine_…) of an integration.',
    })
  }
  const principal = await authenticateApiKey(deps, authorization)
  if (principal.permissions.has('sessions.mint')) return principal
  throw new AppError('permission_denied', {
    reason: 'This API key does not carry the sessions.mint permission.',
  })
}

/**
 * Exchanges a member assertion for a session token (wire.md §3). The member is on record, and a `jti`
 * used up, on disk, before there is a token.
 * @throws AppError assertion_required, member_unresolved, sub_invalid, assertion_*, member_blocked,
 * unverified_minting_disabled or body_too_large
 */
export async function mintSessionToken(
  deps: AccessDeps,
  minter: Principal,
  request: SessionRequest,
): Promise<MintedSession> {
  const { memberAssertion: assertion, memberExternalId: externalId } = request
  if (typeof assertion === 'string' && assertion !== '') {
    return mintVerified(deps, minter, assertion)
  }
  if (typeof externalId !== 'string') throw new AppError('assertion_required')
  if (!deps.sessions.allowUnverified) throw new AppError('unverified_minting_disabled')
  const member = unverifiedMember(externalId)
  const record = await deps.database.write(() => welcome(member, seenBy(deps, minter)))
  return sign(deps, minter, { member, record, assertionKeyId: null })
}

function unverifiedMember(externalId: string): Member {
  if (externalId === '') throw new AppError('member_unresolved')
  const fault = externalIdFault(externalId)
  if (fault === null) return { externalId, email: null, roles: [], source: 'unverified' }
  throw new AppError('sub_invalid', { reason: `member_external_id ${fault}.` })
}

async function mintVerified(
  deps: AccessDeps,
  minter: Principal,
  assertion: string,
): Promise<MintedSession> {
  if (assertion.length > maxAssertionChars) throw new AppError('body_too_large')
  const { projectId } = minter
  const project = await deps.database.read(() => findProject(projectId))
  const rules: AssertionRules = {
    projectId,
    nowSeconds: Math.floor(deps.clock.nowMs() / 1000),
    requireJti: project?.requireAssertionJti ?? false,
    findKey: (kid) => deps.database.read(() => findActiveAssertionKey(projectId, kid)),
  }
  const verified = await verifyAssertion(assertion, rules)
  const { member, key } = verified
  const record = await deps.database.write(() => admit(verified, rules, seenBy(deps, minter)))
  return sign(deps, minter, { member, record, assertionKeyId: key.id })
}

interface Seen {
  readonly projectId: number
  readonly nowMs: number
}

const seenBy = ({ clock }: AccessDeps, { projectId }: Principal): Seen => ({
  projectId,
  nowMs: clock.nowMs(),
})

/** A refusal undoes all of it: what was refused uses no `jti` up. */
function* admit(
  { key, singleUseHash: hash, member, refusedFromSeconds }: VerifiedAssertion,
  rules: AssertionRules,
  seen: Seen,
): Operation<MemberRecord> {
  if (hash !== null) {
    yield* deleteExpiredAssertions(seen.nowMs)
    const used = { hash, expiresAtMs: refusedFromSeconds * 1000 + 1000 }
    if (!(yield* insertUsedAssertion(used))) throw replayed(rules, key.kid)
  }
  return yield* welcome(member, seen)
}

/** @throws AppError member_blocked */
function* welcome(member: Member, seen: Seen): Operation<MemberRecord> {
  const record = yield* upsertMember({ ...member, ...seen })
  if (record === null) throw new AppError('internal')
  if (record.isBlocked) throw new AppError('member_blocked')
  return record
}

interface SessionSubject {
  readonly member: Member
  readonly record: MemberRecord
  readonly assertionKeyId: number | null
}

async function sign(
  { sessions }: AccessDeps,
  minter: Principal,
  { member, record, assertionKeyId }: SessionSubject,
): Promise<MintedSession> {
  const { projectId, integrationId, apiKeyId } = minter
  if (apiKeyId === null) throw new AppError('key_without_integration')
  const memberId = record.id
  const claims = { projectId, integrationId, apiKeyId, assertionKeyId, memberId, member }
  const { token, expiresAtMs } = await sessions.sign(claims)
  return {
    token,
    expiresInMinutes: sessions.minutes,
    expiresAtMs,
    projectId,
    integrationId,
    memberId,
    isVerified: assertionKeyId !== null,
  }
}
