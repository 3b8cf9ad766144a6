import { createRoute, z } from '@hono/zod-openapi'
import { verifyUnknownRun } from '../../executor/ledger/verify_unknown_run.ts'
import { getRun, listRuns, notUnknown, resolveRun } from '../../manage/runs.ts'
import type { Run } from '../../model/run.ts'
import { runStates } from '../../model/run.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { moment, pageOf, pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import { runJson, runSchema } from '../schemas/run_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

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

const idParams = z.object({ id: z.string().openapi({ param: { name: 'id', in: 'path' } }) })

const resolve = createRoute({
  method: 'post',
  path: '/runs/{id}/resolve',
  operationId: 'resolveRun',
  tags,
  summary: 'Say what became of a run whose outcome is unknown',
  description:
    '`done`: repeats are told that it took effect. `not_done`: the same request may be sent afresh.',
  security: secured,
  request: {
    params: idParams,
    body: jsonBody(
      z
        .strictObject({
          outcome: z.enum(['done', 'not_done']),
          note: z.string().max(1_000).nullable().default(null).meta({
            description: 'How you know; kept with the run and in the audit log.',
          }),
        })
        .openapi('ResolveRun'),
    ),
  },
  responses: { 200: json(runSchema, 'The run, settled.'), ...problems },
})

const verify = createRoute({
  method: 'post',
  path: '/runs/{id}/verify',
  operationId: 'verifyRun',
  tags,
  summary: "Ask the API what became of a run whose outcome is unknown, by the tool's verify rule",
  security: secured,
  request: { params: idParams },
  responses: {
    200: json(
      z
        .object({
          outcome: z.enum(['done', 'not_done', 'unclear']),
          reason: z.string(),
          run: runSchema,
        })
        .openapi('VerifiedRun'),
      'What the API said; the run is settled unless that was unclear.',
    ),
    ...problems,
  },
})

/** `/runs`. */
export function runRoutes({ manage, executor }: ManagementDeps): ManagementRouter {
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
  router.openapi(resolve, async (c) => {
    const { id } = c.req.valid('param')
    const { outcome, note } = c.req.valid('json')
    const request = { id, outcome, note, by: 'operator' } as const
    return c.json(runJson(await resolveRun(manage, c.get('admin'), request)), 200)
  })
  router.openapi(verify, async (c) => {
    const { id } = c.req.valid('param')
    const admin = c.get('admin')
    const run: Run = await getRun(manage, admin, id)
    if (run.state !== 'unknown') throw notUnknown(run)
    const { outcome, reason } = await verifyUnknownRun(executor, run)
    const settled =
      outcome === 'unclear'
        ? run
        : await resolveRun(manage, admin, { id, outcome, by: 'verify', note: reason })
    return c.json({ outcome, reason, run: runJson(settled) }, 200)
  })
  return router
}
