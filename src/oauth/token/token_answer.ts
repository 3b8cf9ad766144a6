import {
  accessTokenPrefix,
  type NewToken,
  newToken,
  refreshTokenPrefix,
} from '../../crypto/opaque_token.ts'
import type { Policy } from '../../model/policy.ts'
import type { Operation } from '../../store/database.ts'
import { insertAccessToken, insertRefreshToken } from '../../store/oauth_token_store.ts'

/** What a client is given (RFC 6749 §5.1). */
export interface TokenAnswer {
  readonly accessToken: string
  readonly expiresInSeconds: number
  /** Null for a client that acts for itself (RFC 6749 §4.4.3). */
  readonly refreshToken: string | null
  readonly scopes: readonly string[]
}

/** The tokens of one answer, at their birth. */
export const newTokenPair = () => ({
  access: newToken(accessTokenPrefix),
  refresh: newToken(refreshTokenPrefix),
})
export type TokenPair = ReturnType<typeof newTokenPair>

/** What tokens are issued on. */
export interface Issue {
  readonly grantId: string
  readonly grantExpiresAtMs: number
  readonly scopes: readonly string[]
  readonly policy: Pick<Policy, 'accessTokenMinutes' | 'refreshTokenDays'>
  readonly nowMs: number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Writes an access token. @returns how many seconds it counts */
export function* issueAccessToken(
  access: Pick<NewToken, 'hash'>,
  { grantId, grantExpiresAtMs, scopes, policy, nowMs }: Issue,
): Operation<number> {
  const lastsUntilMs = nowMs + policy.accessTokenMinutes * MINUTE_MS
  const expiresAtMs = Math.min(lastsUntilMs, grantExpiresAtMs)
  yield* insertAccessToken({ hash: access.hash, grantId, scopes, createdAtMs: nowMs, expiresAtMs })
  return Math.floor((expiresAtMs - nowMs) / 1000)
}

/** Writes a refresh token: it slides with every use, and never past the end of the grant. */
export function* issueRefreshToken(
  refresh: Pick<NewToken, 'hash'>,
  { grantId, grantExpiresAtMs, policy, nowMs }: Issue,
): Operation<void> {
  const expiresAtMs = Math.min(nowMs + policy.refreshTokenDays * DAY_MS, grantExpiresAtMs)
  yield* insertRefreshToken({ hash: refresh.hash, grantId, createdAtMs: nowMs, expiresAtMs })
}

/** Whether a refresh token counts: a shortened life holds for those that were given before, too. */
export function isRefreshLive(
  token: { readonly createdAtMs: number; readonly expiresAtMs: number },
  { policy, nowMs }: Pick<Issue, 'policy' | 'nowMs'>,
): boolean {
  return nowMs < Math.min(token.expiresAtMs, token.createdAtMs + policy.refreshTokenDays * DAY_MS)
}
