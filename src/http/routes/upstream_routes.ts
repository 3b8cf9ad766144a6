import { createRoute, z } from '@hono/zod-openapi'
import { listUpstreams } from '../../manage/upstreams.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { projectQuery } from '../schemas/common_schemas.ts'
import { upstreamJson, upstreamSchema } from '../schemas/upstream_schemas.ts'
import { json, problems, secured } from './route_parts.ts'

const list = createRoute({
  method: 'get',
  path: '/upstreams',
  operationId: 'listUpstreams',
  tags: ['Runs'],
  summary: 'List how upstreams fare',
  description:
    'The upstreams that tools of the project called lately: calls under way and waiting, retries, and whether calls are stopped because the upstream is down. Kept in memory; a restart begins anew.',
  security: secured,
  request: { query: z.object({ project_id: projectQuery }) },
  responses: {
    200: json(z.object({ items: z.array(upstreamSchema) }), 'Upstreams, by origin.'),
    ...problems,
  },
})

/** `/upstreams`. */
export function upstreamRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, (c) => {
    const { project_id: projectId = null } = c.req.valid('query')
    const items = listUpstreams(manage, c.get('admin'), projectId).map(upstreamJson)
    return c.json({ items }, 200)
  })
  return router
}
