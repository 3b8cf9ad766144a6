/** Whether strangers may register clients for a project (RFC 7591). */
export const registrationModes = ['off', 'on', 'limited'] as const
export type RegistrationMode = (typeof registrationModes)[number]

/** What may be connected to a project, and with what (wire.md §8). */
export interface Policy {
  readonly projectId: number
  readonly isMcpEnabled: boolean
  /** Exact, port and path included; empty: whatever the client registered. */
  readonly allowedRedirectUris: readonly string[]
  /** Empty: any client. */
  readonly allowedClientIds: readonly string[]
  /** The most that may be granted; empty: every scope of the project. */
  readonly policyScopes: readonly string[]
  /** What a challenge suggests to ask for, so that clients do not ask for all; empty: nothing. */
  readonly challengeScopes: readonly string[]
  readonly registrationMode: RegistrationMode
  readonly accessTokenMinutes: number
  readonly refreshTokenDays: number
}

/** What holds for a project that has set nothing. */
export const defaultPolicy = (projectId: number): Policy => ({
  projectId,
  isMcpEnabled: true,
  allowedRedirectUris: [],
  allowedClientIds: [],
  policyScopes: [],
  challengeScopes: [],
  registrationMode: 'on',
  accessTokenMinutes: 15,
  refreshTokenDays: 30,
})

/** A permission of a project that tools may require: `CONTACTS_READ`. */
export interface Scope {
  readonly projectId: number
  readonly name: string
  /** Shown on the consent page. */
  readonly description: string
}

/** What a scope may be called (a part of RFC 6749 §3.3's scope-token); `ALL` is every scope there is. */
export const scopePattern = /^[A-Za-z0-9_.:-]{1,64}$/

/** Whether held scopes include one: `ALL` includes every one, `X_WRITE` includes `X_READ`. */
export function includesScope(held: ReadonlySet<string>, scope: string): boolean {
  if (held.has('ALL') || held.has(scope)) return true
  return scope.endsWith('_READ') && held.has(`${scope.slice(0, -'_READ'.length)}_WRITE`)
}

/**
 * The most a project lets anyone grant: its policy scopes, or every scope it has. `ALL` among them
 * stands for every scope too.
 */
export function ceilingOf(policy: Policy, scopes: readonly Scope[]): ReadonlySet<string> {
  const names = scopes.map(({ name }) => name)
  const wanted = policy.policyScopes
  if (wanted.length === 0 || wanted.includes('ALL')) return new Set([...names, 'ALL'])
  return new Set(wanted)
}

/**
 * What of some scopes is left under a ceiling: what the result includes is what both include. `ALL`
 * shrinks to the ceiling itself, `X_WRITE` to `X_READ` where no more is allowed.
 */
export function underCeiling(
  scopes: Iterable<string>,
  ceiling: ReadonlySet<string>,
): ReadonlySet<string> {
  const left = new Set<string>()
  for (const scope of scopes) {
    if (scope === 'ALL') for (const each of ceiling) left.add(each)
    else if (includesScope(ceiling, scope)) left.add(scope)
    else if (scope.endsWith('_WRITE')) {
      const read = `${scope.slice(0, -'_WRITE'.length)}_READ`
      if (includesScope(ceiling, read)) left.add(read)
    }
  }
  return left
}

/**
 * As `underCeiling` with the ceiling of a policy, for scopes that may be spent now: where the policy
 * sets no bound it takes nothing away, so the project's scopes need not be known.
 */
export function underPolicy(
  scopes: ReadonlySet<string>,
  policyScopes: readonly string[],
): ReadonlySet<string> {
  if (policyScopes.length === 0 || policyScopes.includes('ALL')) return scopes
  return underCeiling(scopes, new Set(policyScopes))
}

/** Whether a policy lets a client in. */
export const allowsClient = (allowedClientIds: readonly string[], clientId: string): boolean =>
  allowedClientIds.length === 0 || allowedClientIds.includes(clientId)
