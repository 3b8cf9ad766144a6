import { createRoute, z } from '@hono/zod-openapi'
import type { JsonObject } from '../../lib/json.ts'
import { listOverrides, setOverride } from '../../manage/openapi/overrides.ts'
import { heldOpen } from '../held_open.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam, pageOf, pageQuery } from '../schemas/common_schemas.ts'
import {
  overrideJson,
  overrideOf,
  overrideSchema,
  storedOverrideSchema,
} from '../schemas/openapi_override_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const shared = { tags: ['OpenAPI sources'], security: secured }

const keyParams = idParam.extend({
  key: z
    .string()
    .min(1)
    .max(4000)
    .openapi({ param: { name: 'key', in: 'path' }, example: 'GET /pets/{id}' }),
})

const list = createRoute({
  ...shared,
  method: 'get',
  path: '/openapi-sources/{id}/overrides',
  operationId: 'listOpenapiOverrides',
  summary: 'List what was changed of its operations',
  request: { params: idParam, query: pageQuery },
  responses: { 200: json(pageOf(storedOverrideSchema), 'Overrides by key.'), ...problems },
})

const put = createRoute({
  ...shared,
  method: 'put',
  path: '/openapi-sources/{id}/overrides/{key}',
  operationId: 'putOpenapiOverride',
  summary: 'Set what is changed of an operation',
  description:
    'Survives every import. A tool that the operation has becomes a new version at once; a plan that waits is made anew.',
  request: { params: keyParams, body: jsonBody(overrideSchema) },
  responses: { 200: json(storedOverrideSchema, 'The override.'), ...problems },
})

const remove = createRoute({
  ...shared,
  method: 'delete',
  path: '/openapi-sources/{id}/overrides/{key}',
  operationId: 'deleteOpenapiOverride',
  summary: 'Take back what was changed of an operation',
  request: { params: keyParams },
  responses: { 204: { description: 'It is as the document says.' }, ...problems },
})

/** `/openapi-sources/{id}/overrides`. */
export function openapiOverrideRoutes({ manage, openapi }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const { limit, cursor = null } = c.req.valid('query')
    const { id: sourceId } = c.req.valid('param')
    const page = await listOverrides(manage, c.get('admin'), { sourceId, limit, cursor })
    return c.json({ items: page.items.map(overrideJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(put, async (c) => {
    const { id: sourceId, key } = c.req.valid('param')
    const override = overrideOf(c.req.valid('json'), c.get('exactBody') as JsonObject)
    const set = () => setOverride(openapi, c.get('admin'), { sourceId, key, override })
    const stored = await heldOpen(c.env.peer, set)
    return c.json(overrideJson(stored ?? { key, override, updatedAtMs: 0 }), 200)
  })
  router.openapi(remove, async (c) => {
    const { id: sourceId, key } = c.req.valid('param')
    const set = () => setOverride(openapi, c.get('admin'), { sourceId, key, override: null })
    await heldOpen(c.env.peer, set)
    return c.body(null, 204)
  })
  return router
}
