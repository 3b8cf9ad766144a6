import { AppError } from '../../errors.ts'
import { slugPattern } from '../../model/project.ts'
import { readServerMetadata, resourceMetadata, type ServerMetadata } from '../../oauth/metadata.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'

const resourcePath = '/.well-known/oauth-protected-resource'
const serverPaths = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
] as const

/**
 * The metadata clients discover everything from (RFC 9728 §3, RFC 8414 §3): at the root, and with the
 * path of each MCP URL behind. Whether a project of that slug exists, it does not tell.
 */
export function wellKnownRoutes({ oauth }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  for (const path of [resourcePath, `${resourcePath}/*`]) {
    router.get(path, (c) => {
      const slug = slugBehind(c.req.path, resourcePath)
      return metadataResponse(resourceMetadata(oauth.publicUrl(), slug))
    })
  }
  for (const base of serverPaths) {
    for (const path of [base, `${base}/*`]) {
      router.get(path, async (c) => {
        slugBehind(c.req.path, base)
        return metadataResponse(await readServerMetadata(oauth))
      })
    }
  }
  return router
}

/**
 * Which MCP URL the path names behind the well-known one; null for `/mcp` and for nothing at all
 * (case 135). @throws AppError not_found
 */
function slugBehind(path: string, base: string): string | null {
  const [, mcp, slug = null, ...more] = path.slice(base.length).replace(/\/$/, '').split('/')
  const isNone = mcp === undefined
  const isMcp = mcp === 'mcp' && more.length === 0 && (slug === null || slugPattern.test(slug))
  if (!isNone && !isMcp) throw new AppError('not_found')
  return slug
}

/** What can be used changes with the policy, so it is not kept for long. */
const metadataResponse = (metadata: ServerMetadata): Response =>
  Response.json(metadata, { headers: { 'cache-control': 'public, max-age=60' } })
