import { AppError } from '../../errors.ts'
import { version } from '../../version.ts'
import { docsContentSecurityPolicy, findDocsAsset, preferredEncoding } from '../../web/assets.ts'
import type { ManagementRouter } from '../management_router.ts'
import { createRouter } from '../management_router.ts'

const description = `Everything the console and the command line do goes through this API.

Present an admin token (\`gha_…\`), or an API key (\`tengine_…\`) with the \`project.manage\` permission, as \`Authorization: Bearer …\`. An API key implies its project; with an admin token, name \`project_id\`.

Lists come in pages: pass \`next_cursor\` back as \`cursor\`. Failures are \`application/problem+json\` with a literal \`detail\`, a stable \`code\`, and on 422 the JSON pointer of every field that is wrong.`

const document = {
  openapi: '3.1.0',
  info: { title: 'Gatehouse management API', version, description },
  servers: [{ url: '/' }],
}

/** `/openapi.json`, `/openapi.yaml` and `/docs`; public, for they tell nothing of this instance. */
export function docsRoutes(describe: () => ManagementRouter): ManagementRouter {
  const router = createRouter()
  const spec = () => describe().getOpenAPI31Document(document)
  router.get('/openapi.json', (c) => c.json(spec()))
  router.get('/openapi.yaml', (c) =>
    c.body(Bun.YAML.stringify(spec(), null, 2), 200, { 'content-type': 'application/yaml' }),
  )
  router.get('/docs/*', (c) => asset(c.req.path, c.req.header('accept-encoding') ?? ''))
  router.get('/docs', (c) => asset(c.req.path, c.req.header('accept-encoding') ?? ''))
  return router
}

async function asset(path: string, acceptEncoding: string): Promise<Response> {
  const found = findDocsAsset(path)
  if (found === null) throw new AppError('not_found')
  const encoding = preferredEncoding(acceptEncoding)
  const headers = new Headers({
    'content-type': found.contentType,
    'cache-control': found.cacheControl,
    'content-security-policy': docsContentSecurityPolicy,
    'referrer-policy': 'no-referrer',
    vary: 'Accept-Encoding',
  })
  if (encoding !== 'identity') headers.set('content-encoding', encoding)
  return new Response(await found.bytes(encoding), { headers })
}
