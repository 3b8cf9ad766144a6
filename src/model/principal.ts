/** What an API key may do (wire.md §2). */
export const apiKeyPermissions = ['tools.call', 'sessions.mint', 'project.manage'] as const
export type ApiKeyPermission = (typeof apiKeyPermissions)[number]

/** An end user as a customer's backend or a sign-in named them. */
export interface Member {
  readonly externalId: string
  readonly email: string | null
  readonly roles: readonly string[]
}

/** Who is calling a project's tools, as the credential of this very request proves it. */
export interface Principal {
  readonly kind: 'api_key' | 'administrator'
  readonly projectId: number
  readonly projectSlug: string
  /** Counts every change of the project's tools; compiled toolsets are cached by it. */
  readonly projectEpoch: number
  readonly integrationId: number
  /** Null where an administrator tries a tool out. */
  readonly apiKeyId: number | null
  readonly permissions: ReadonlySet<ApiKeyPermission>
  readonly member: Member | null
  /** Scopes held; null means every scope of the project (an API key). */
  readonly scopes: ReadonlySet<string> | null
  readonly expiresAtMs: number | null
}

/** Whether the principal holds a scope: `ALL` holds every one, `X_WRITE` holds `X_READ` (wire.md §8). */
export function holdsScope(principal: Principal, scope: string): boolean {
  const held = principal.scopes
  if (held === null || held.has('ALL') || held.has(scope)) return true
  return scope.endsWith('_READ') && held.has(`${scope.slice(0, -'_READ'.length)}_WRITE`)
}

/** What a principal's project and integration are called. */
export interface PrincipalNames {
  readonly projectName: string
  readonly integrationName: string
  /** The project's description, shown to models as the server's instructions. */
  readonly instructions: string
}
