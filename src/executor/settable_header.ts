import type { AuthStrategy } from '../model/tool.ts'

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/

const framing = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'expect',
  'te',
  'trailer',
]
const ours = ['idempotency-key', 'traceparent']
const never = new Set([...framing, ...ours, 'cookie'])
const describesBody = new Set(['content-type', 'accept', 'user-agent'])

/** Whether a text is a header name (RFC 9110 §5.6.2 token), 128 characters at most. */
export function isHeaderToken(name: string): boolean {
  return TOKEN.test(name)
}

/**
 * A header name as receivers compare it: lower case, and `_` as `-`, because CGI and WSGI servers
 * read `X_Tengine_Member_Id` and `X-Tengine-Member-Id` as one.
 */
export function comparableName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

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
  if (never.has(name) || name === authHeader) return false
  return !name.startsWith('x-tengine-') && !name.startsWith('proxy-')
}

/** Whether `static_header` may fill a header: what a template may set, less what describes the body. */
export function isAuthHeader(name: string): boolean {
  return (
    isHeaderToken(name) &&
    isSettable(comparableName(name), null) &&
    !describesBody.has(comparableName(name))
  )
}
