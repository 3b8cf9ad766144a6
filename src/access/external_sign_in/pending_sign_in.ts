import { externalSignInPrefix, hashPresentedToken, newToken } from '../../crypto/opaque_token.ts'
import { seal, unseal } from '../../crypto/seal.ts'
import { AppError } from '../../errors.ts'
import { insertPendingSignIn, takePendingSignIn } from '../../store/external_sign_in_store.ts'
import type { ConsoleDeps } from '../console_session.ts'
import { cookieValue } from '../cookie_value.ts'
import type { SignInChecks } from './provider.ts'

/** A sign-in on its way: what it must come back with, and where it leads. */
export interface PendingChecks extends SignInChecks {
  /** A path of this server; null for the account page. */
  readonly next: string | null
}

const lifeMs = 10 * 60_000
/** Of everybody together; each may carry a long `next`. */
const most = 5_000
const context = { projectId: 0, toolId: 0, field: 'external_sign_in' }

/**
 * Keeps a sign-in for ten minutes, for the browser that gets the cookie alone.
 * @returns the `Set-Cookie` header
 * @throws AppError overloaded - too many are on their way
 */
export async function keepPending(deps: ConsoleDeps, pending: PendingChecks): Promise<string> {
  const { token, hash } = newToken(externalSignInPrefix)
  const nowMs = deps.clock.nowMs()
  const sealed = seal(deps.masterKey, context, JSON.stringify(pending))
  const row = { hash, sealed, expiresAtMs: nowMs + lifeMs }
  const isKept = await deps.database.write(
    () => insertPendingSignIn(row, { nowMs, most }),
    'written',
  )
  if (!isKept) throw new AppError('overloaded')
  return pendingCookie(deps, pending.state, token)
}

/** Takes the sign-in that came back to this browser with this state, once; null where there is none. */
export async function takePending(
  deps: ConsoleDeps,
  state: string,
  cookieHeader: string | null,
): Promise<PendingChecks | null> {
  const token = cookieValue(cookieHeader, cookieName(deps, state))
  const hash = token?.startsWith(externalSignInPrefix) ? hashPresentedToken(token) : null
  if (hash === null) return null
  const sealed = await deps.database.write(() => takePendingSignIn(hash, deps.clock.nowMs()))
  if (sealed === null) return null
  const pending = JSON.parse(unseal(deps.masterKey, context, sealed)) as PendingChecks
  return pending.state === state ? pending : null
}

/** The `Set-Cookie` header for one sign-in; `token` null takes the cookie away. */
export function pendingCookie(deps: ConsoleDeps, state: string, token: string | null): string {
  const age = token === null ? 0 : lifeMs / 1000
  const secure = isSecure(deps) ? '; Secure' : ''
  // The way back starts at another site: a Strict cookie would stay behind.
  return `${cookieName(deps, state)}=${token ?? ''}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure}`
}

const isSecure = (deps: ConsoleDeps) => deps.publicUrl().startsWith('https:')

/** One for each sign-in: two windows may be on their way at once. */
function cookieName(deps: ConsoleDeps, state: string): string {
  const name = `gatehouse_external_${state.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 12)}`
  return isSecure(deps) ? `__Host-${name}` : name
}
