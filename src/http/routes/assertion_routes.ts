import { createRoute } from '@hono/zod-openapi'
import { explainAssertion } from '../../manage/explain_assertion.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import {
  explainAssertionSchema,
  explainedAssertionJson,
  explainedAssertionSchema,
} from '../schemas/assertion_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const verify = createRoute({
  method: 'post',
  path: '/assertions/verify',
  operationId: 'verifyAssertion',
  tags: ['Assertion keys'],
  summary: 'Show which check a member assertion fails',
  description: 'For debugging: mints nothing and uses no `jti` up.',
  security: secured,
  request: { body: jsonBody(explainAssertionSchema) },
  responses: { 200: json(explainedAssertionSchema, 'Every check in its order.'), ...problems },
})

/** `POST /assertions/verify`. */
export function assertionRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(verify, async (c) => {
    const { project_id: projectId = null, assertion } = c.req.valid('json')
    const explained = await explainAssertion(manage, c.get('admin'), { projectId, assertion })
    return c.json(explainedAssertionJson(explained), 200)
  })
  return router
}
