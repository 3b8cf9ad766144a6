/** What the headers of a page depend on. */
export interface PageHeaderOptions {
  /** The redirect URI that the answer to the page's form may lead to. */
  readonly formAction?: string
  /**
   * For the pages of an authorization, sign-in included: a client that opened them in a window of
   * its own may still hear from that window once it is back at the client.
   */
  readonly keepsOpener?: boolean
  /** Whether the page has the script for passkeys; no other page has any. */
  readonly asksPasskeys?: boolean
}

/**
 * The headers of every page (reliability.md cases 111, 131): nothing from elsewhere, no script but
 * the server's own for passkeys, no frame, no referrer for other sites, nothing kept. With `no-referrer` browsers would send the forms
 * with `Origin: null` (Fetch, "append a request Origin header"), which proves nothing (case 259).
 */
export function pageHeaders(options: PageHeaderOptions = {}): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy(options),
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': options.keepsOpener === true ? 'unsafe-none' : 'same-origin',
  }
}

function policy({ formAction: redirectUri, asksPasskeys }: PageHeaderOptions): string {
  const target = redirectUri === undefined ? null : sourceOf(redirectUri)
  return [
    "default-src 'none'",
    ...(asksPasskeys === true ? ["script-src 'self'"] : []),
    "style-src 'self'",
    "img-src 'self' data:",
    target === null ? "form-action 'self'" : `form-action 'self' ${target}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/**
 * The source expression for a redirect URI (CSP3 §2.3.1): its origin, or for a private scheme the
 * scheme. Hosts in brackets have no place in that grammar, so the scheme has to do for them too.
 */
function sourceOf(redirectUri: string): string | null {
  const url = URL.parse(redirectUri)
  if (url === null || !/^[a-z][a-z0-9+.-]*:$/.test(url.protocol)) return null
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return url.protocol
  if (url.hostname.startsWith('[')) return url.protocol
  // A URL's host may hold what ends a directive; a host that is one does not.
  return /^[a-z0-9._-]+(?::\d+)?$/.test(url.host) ? `${url.protocol}//${url.host}` : null
}
