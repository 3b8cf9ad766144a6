import { createRoute, z } from '@hono/zod-openapi'
import { getRun, listRuns } from '../../manage/runs.ts'
import { runStates } from '../../model/run.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { moment, pageOf, pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import { runJson, runSchema } from '../schemas/run_schemas.ts'
import { json, problems, secured } from './route_parts.ts'

const tags = ['Runs']
const number = z.coerce.number().int().positive()

const list = createRoute({
  method: 'get',
  path: '/runs',
  operationId: 'listRuns',
  tags,
  summary: 'List runs, newest first',
  security: secured,
  request: {
    query: pageQuery.extend({
      project_id: projectQuery,
      tool_id: number.optional(),
      integration_id: number.optional(),
      state: z.enum(runStates).optional(),
      error_code: z.string().max(64).optional(),
      member: z.string().max(255).optional().meta({
        description: "A member's external id; calls made with its session tokens.",
      }),
      since: moment.optional(),
      until: moment.optional(),
    }),
  },
  responses: { 200: json(pageOf(runSchema), 'Runs, newest first.'), ...problems },
})

const show = createRoute({
  method: 'get',
  path: '/runs/{id}',
  operationId: 'getRun',
  tags,
  summary: 'Show a run by its Run ID',
  security: secured,
  request: { params: z.object({ id: z.string().openapi({ param: { name: 'id', in: 'path' } }) }) },
  responses: { 200: json(runSchema, 'The run.'), ...problems },
})

/** `/runs`. */
export function runRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const query = c.req.valid('query')
    const page = await listRuns(manage, c.get('admin'), {
      limit: query.limit,
      cursor: query.cursor ?? null,
      projectId: query.project_id ?? null,
      toolId: query.tool_id ?? null,
      integrationId: query.integration_id ?? null,
      state: query.state ?? null,
      errorCode: query.error_code ?? null,
      memberExternalId: query.member ?? null,
      sinceMs: query.since === undefined ? null : Date.parse(query.since),
      untilMs: query.until === undefined ? null : Date.parse(query.until),
    })
    return c.json({ items: page.items.map(runJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(show, async (c) => {
    return c.json(runJson(await getRun(manage, c.get('admin'), c.req.valid('param').id)), 200)
  })
  return router
}
