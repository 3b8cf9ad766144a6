import { createRoute } from '@hono/zod-openapi'
import { createAdminToken, listAdminTokens, revokeAdminToken } from '../../manage/admin_tokens.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import {
  adminTokenJson,
  adminTokenSchema,
  createdAdminTokenSchema,
  newAdminTokenSchema,
} from '../schemas/admin_token_schemas.ts'
import { idParam, pageOf, pageQuery } from '../schemas/common_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Admin tokens']

const list = createRoute({
  method: 'get',
  path: '/admin-tokens',
  operationId: 'listAdminTokens',
  tags,
  summary: 'List admin tokens',
  security: secured,
  request: { query: pageQuery },
  responses: { 200: json(pageOf(adminTokenSchema), 'Tokens that are not revoked.'), ...problems },
})

const create = createRoute({
  method: 'post',
  path: '/admin-tokens',
  operationId: 'createAdminToken',
  tags,
  summary: 'Create an admin token',
  security: secured,
  request: { body: jsonBody(newAdminTokenSchema) },
  responses: { 201: json(createdAdminTokenSchema, 'The token, shown this once.'), ...problems },
})

const revoke = createRoute({
  method: 'delete',
  path: '/admin-tokens/{id}',
  operationId: 'revokeAdminToken',
  tags,
  summary: 'Revoke an admin token',
  security: secured,
  request: { params: idParam },
  responses: { 204: { description: 'Revoked from the next request on.' }, ...problems },
})

/** `/admin-tokens`. */
export function adminTokenRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const { limit, cursor = null } = c.req.valid('query')
    const page = await listAdminTokens(manage, c.get('admin'), { limit, cursor })
    return c.json({ items: page.items.map(adminTokenJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(create, async (c) => {
    const { name, project_id: projectId, expires_at } = c.req.valid('json')
    const expiresAtMs = expires_at === null ? null : Date.parse(expires_at)
    const made = await createAdminToken(manage, c.get('admin'), { name, projectId, expiresAtMs })
    return c.json({ admin_token: adminTokenJson(made.adminToken), token: made.token }, 201)
  })
  router.openapi(revoke, async (c) => {
    await revokeAdminToken(manage, c.get('admin'), c.req.valid('param').id)
    return c.body(null, 204)
  })
  return router
}
