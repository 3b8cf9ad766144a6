import { comparableName, isConnectionHeader, isHeaderToken } from '../model/header_name.ts'
import type { AuthStrategy } from '../model/tool.ts'

const describesBody = new Set(['content-type', 'accept', 'user-agent'])

/** The header the auth strategy fills, comparable; null where it fills none of its own. */
export function authHeaderOf(strategy: AuthStrategy, headerName: string | null): string | null {
  if (strategy === 'static_bearer' || strategy === 'basic') return 'authorization'
  if (strategy === 'oauth_client_credentials') return 'authorization'
  return strategy === 'static_header' && headerName !== null ? comparableName(headerName) : null
}

/**
 * Whether a template may set a header: not the ones that frame the message, name the caller or carry
 * a credential (reliability.md case 143).
 * @param name comparable
 * @param authHeader comparable, as `authHeaderOf` gives it
 */
export function isSettable(name: string, authHeader: string | null): boolean {
  return name !== authHeader && !isConnectionHeader(name)
}

/** Whether `static_header` may fill a header: what a template may set, less what describes the body. */
export function isAuthHeader(name: string): boolean {
  return (
    isHeaderToken(name) &&
    isSettable(comparableName(name), null) &&
    !describesBody.has(comparableName(name))
  )
}
