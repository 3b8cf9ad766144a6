import { createRoute } from '@hono/zod-openapi'
import { getPolicy, previewPolicy, updatePolicy } from '../../manage/policy.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam } from '../schemas/common_schemas.ts'
import {
  policyChangeOf,
  policyChangeSchema,
  policyJson,
  policyPreviewJson,
  policyPreviewSchema,
  policySchema,
} from '../schemas/policy_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Policy']

const show = createRoute({
  method: 'get',
  path: '/projects/{id}/policy',
  operationId: 'getPolicy',
  tags,
  summary: 'Show what may be connected to a project',
  security: secured,
  request: { params: idParam },
  responses: { 200: json(policySchema, 'The policy.'), ...problems },
})

const update = createRoute({
  method: 'patch',
  path: '/projects/{id}/policy',
  operationId: 'updatePolicy',
  tags,
  summary: 'Change what may be connected to a project',
  description: 'What is tighter holds for existing connections too, from their next request on.',
  security: secured,
  request: { params: idParam, body: jsonBody(policyChangeSchema) },
  responses: { 200: json(policySchema, 'The policy as it is now.'), ...problems },
})

const preview = createRoute({
  method: 'post',
  path: '/projects/{id}/policy/preview',
  operationId: 'previewPolicy',
  tags,
  summary: 'Show which connections a change of policy would stop or narrow',
  description: 'Takes what `updatePolicy` takes and changes nothing.',
  security: secured,
  request: { params: idParam, body: jsonBody(policyChangeSchema) },
  responses: { 200: json(policyPreviewSchema, 'What the change would do.'), ...problems },
})

/** `/projects/{id}/policy`. */
export function policyRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(show, async (c) => {
    const policy = await getPolicy(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(policyJson(policy), 200)
  })
  router.openapi(update, async (c) => {
    const { id: projectId } = c.req.valid('param')
    const change = policyChangeOf(c.req.valid('json'))
    const policy = await updatePolicy(manage, c.get('admin'), { projectId, change })
    return c.json(policyJson(policy), 200)
  })
  router.openapi(preview, async (c) => {
    const { id: projectId } = c.req.valid('param')
    const change = policyChangeOf(c.req.valid('json'))
    const found = await previewPolicy(manage, c.get('admin'), { projectId, change })
    return c.json(policyPreviewJson(found), 200)
  })
  return router
}
