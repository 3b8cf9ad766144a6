import { AppError } from '../../errors.ts'
import { findPageAsset, preferredEncoding } from '../../web/assets.ts'
import { createRouter, type ManagementRouter } from '../management_router.ts'

/** `/assets/*`: what the server-rendered pages link. Public, as those pages are. */
export function pageAssetRoutes(): ManagementRouter {
  const router = createRouter()
  router.get('/assets/*', (c) => respond(c.req.path, c.req.header('accept-encoding') ?? null))
  return router
}

async function respond(path: string, acceptEncoding: string | null): Promise<Response> {
  const found = findPageAsset(path)
  if (found === null) throw new AppError('not_found')
  const encoding = preferredEncoding(acceptEncoding)
  const headers = new Headers({
    'content-type': found.contentType,
    'cache-control': found.cacheControl,
    'content-security-policy': "default-src 'none'",
    vary: 'Accept-Encoding',
  })
  if (encoding !== 'identity') headers.set('content-encoding', encoding)
  return new Response(await found.bytes(encoding), { headers })
}
