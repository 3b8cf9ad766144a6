import { isLoopbackRedirect } from './oauth_client.ts'

/** Redirect URIs a client may have, and how long each may be. */
export const maxRedirectUris = 50
export const maxRedirectUriLength = 1_000

/** Schemes that run or show something instead of handing over to a program (case 94). */
const refusedSchemes: ReadonlySet<string> = new Set([
  'about',
  'blob',
  'chrome',
  'content',
  'data',
  'file',
  'filesystem',
  'ftp',
  'intent',
  'jar',
  'javascript',
  'mailto',
  'resource',
  'sms',
  'tel',
  'vbscript',
  'view-source',
  'ws',
  'wss',
])

/**
 * Says why an authorization response may never go to a URI, or null (RFC 6749 §3.1.2, RFC 8252 §7;
 * reliability.md cases 92–94): https, plain http at a loopback host, or the scheme of a native app.
 */
export function redirectUriFault(uri: string): string | null {
  if (uri.length > maxRedirectUriLength) return `is longer than ${maxRedirectUriLength} characters`
  if (!/^[!-~]+$/.test(uri) || /[\\"<>^`{|}]/.test(uri)) {
    return 'holds a character that no URI holds'
  }
  if (uri.includes('#')) return 'holds a fragment'
  const url = URL.parse(uri)
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(uri)?.[1]
  if (url === null || scheme === undefined) return 'is not an absolute URI'
  if (refusedSchemes.has(scheme)) return `has the scheme ${scheme}`
  if (url.username !== '' || url.password !== '' || /^[^/?]*:\/\/[^/?]*@/.test(uri)) {
    return 'holds a user name'
  }
  if (scheme === 'https') return /^https:\/\/[^/?]/.test(uri) ? null : 'has no host'
  if (scheme !== 'http' || isLoopbackRedirect(uri)) return null
  return 'is plain http at a host other than 127.0.0.1, [::1] or localhost'
}

/** Whether a redirect hands over to a program on the user's machine by a scheme of its own. */
export function isPrivateSchemeRedirect(uri: string): boolean {
  return !/^https?:/.test(uri)
}
