import { oauthPaths } from '../oauth/oauth_paths.ts'
import type { ManagementRouter } from './management_router.ts'

/** Where clients that run in a browser speak for themselves: no cookie counts there. */
const openPaths: ReadonlySet<string> = new Set([
  oauthPaths.token,
  oauthPaths.revoke,
  oauthPaths.register,
])

const wellKnown = '/.well-known/'

/**
 * Whether pages of any origin may call a path: the metadata and the endpoints of the authorization
 * server that take the client's own credentials and nothing of the browser's (Fetch §3.3).
 */
export function isOpenToPages(path: string): boolean {
  return openPaths.has(path) || path.startsWith(wellKnown)
}

const headers = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After',
}

const preflightHeaders = {
  ...headers,
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'Authorization, Content-Type, MCP-Protocol-Version',
  'access-control-max-age': '600',
}

/** Lets pages read the answers of those paths; never with credentials (case 130). */
export function openToPages(router: ManagementRouter): void {
  for (const path of [...openPaths, `${wellKnown}*`]) {
    router.options(path, () => new Response(null, { status: 204, headers: preflightHeaders }))
    router.use(path, async (c, next) => {
      await next()
      for (const [name, value] of Object.entries(headers)) c.header(name, value)
    })
  }
}
