import { hashPresentedToken } from '../crypto/opaque_token.ts'
import { AppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import {
  type GrantStanding,
  grantFault,
  grantFaultTexts,
  scopesNow,
} from '../model/grant_standing.ts'
import type { ApiKeyPermission, Member, Principal } from '../model/principal.ts'
import type { RateLimit } from '../model/rate_limit.ts'
import type { Database } from '../store/database.ts'
import { type AccessTokenRow, findAccessToken } from '../store/grant_standing_store.ts'
import { touchGrant } from '../store/grant_store.ts'

/** What reading an access token needs. */
export interface AccessTokenDeps {
  readonly database: Database
  readonly clock: Clock
}

/** How often the use of a connection is noted at most. */
const TOUCH_EVERY_MS = 60_000

const grantPermissions: ReadonlySet<ApiKeyPermission> = new Set(['tools.call'])

/**
 * Who calls with an OAuth access token (wire.md §8). Token, grant, person, membership, project, policy,
 * client, integration and member are read together at every request, and each can end it at once; its
 * scopes are what policy and grant leave of them now (R3, case 107).
 * @param address gives where the request came from, to be noted; null notes no use
 * @throws AppError invalid_token, access_token_expired, project_suspended or mcp_disabled
 */
export async function authenticateAccessToken(
  deps: AccessTokenDeps,
  token: string,
  address: (() => string | null) | null,
): Promise<Principal> {
  const hash = hashPresentedToken(token)
  if (hash === null) throw new AppError('invalid_token')
  const found = await deps.database.read(() => findAccessToken(hash))
  const nowMs = deps.clock.nowMs()
  const row = liveToken(found, nowMs)
  if (address !== null) noteUse(deps, row.standing, address)
  return principalOf(row, hash)
}

/** @throws AppError invalid_token, access_token_expired, project_suspended or mcp_disabled */
function liveToken(row: AccessTokenRow | null, nowMs: number): AccessTokenRow {
  if (row === null) throw new AppError('invalid_token')
  // A code of its own: hosted clients come from few addresses, and none of this is a guess (case 60).
  if (nowMs >= row.expiresAtMs) {
    const scopes = [...scopesNow(row.scopes, row.standing)].sort()
    throw new AppError('access_token_expired', { scopes })
  }
  const fault = grantFault(row.standing, nowMs)
  if (fault === null) return row
  if (fault === 'project_suspended' || fault === 'mcp_disabled') throw new AppError(fault)
  throw new AppError('invalid_token', { reason: grantFaultTexts[fault] })
}

function noteUse(
  { database, clock }: AccessTokenDeps,
  { grantId, lastUsedAtMs }: GrantStanding,
  address: () => string | null,
): void {
  const nowMs = clock.nowMs()
  if (lastUsedAtMs !== null && nowMs - lastUsedAtMs < TOUCH_EVERY_MS) return
  const from = address()
  // A call is not refused because its use could not be noted; the next one is noted again.
  void database.write(() => touchGrant(grantId, nowMs, from), 'written').catch(() => {})
}

function principalOf({ scopes, expiresAtMs, standing }: AccessTokenRow, hash: Uint8Array) {
  const { grantId, clientId, user, member } = standing
  return {
    kind: 'grant',
    projectId: standing.projectId,
    projectSlug: standing.projectSlug,
    projectEpoch: standing.projectEpoch,
    integrationId: standing.integrationId,
    apiKeyId: null,
    session: null,
    grant: {
      id: grantId,
      tokenHash: hash,
      clientId,
      userId: user?.id ?? null,
      memberId: member?.id ?? null,
    },
    permissions: grantPermissions,
    member: memberOf(standing),
    scopes: scopesNow(scopes, standing),
    expiresAtMs: Math.min(expiresAtMs, standing.expiresAtMs),
    rateLimits: limitsOf(standing),
  } as const satisfies Principal
}

/** The signed-in person as the member: email and role are theirs of this moment. */
function memberOf({ user, member }: GrantStanding): Member | null {
  if (member === null) return null
  const { externalId } = member
  const email = user?.email ?? member.email
  const roles = user === null || user.role === null ? member.roles : [user.role]
  return { externalId, email, roles, source: 'sign_in' }
}

const noLimits: readonly RateLimit[] = []

function limitsOf({ member }: GrantStanding): readonly RateLimit[] {
  if (member === null || member.callsPerMinute === null) return noLimits
  const { id, callsPerMinute } = member
  return [{ bucket: `member:${id}`, of: 'member', callsPerMinute }]
}
