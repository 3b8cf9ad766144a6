import { createRoute, z } from '@hono/zod-openapi'
import {
  getConnection,
  listConnections,
  revokeConnection,
  revokeConnections,
} from '../../manage/connections.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { givenOf, pageOf, pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import {
  connectionJson,
  connectionParam,
  connectionSchema,
  revokeConnectionsSchema,
} from '../schemas/connection_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Connections']

const list = createRoute({
  method: 'get',
  path: '/connections',
  operationId: 'listConnections',
  tags,
  summary: 'List the AI clients that people connected to a project',
  security: secured,
  request: {
    query: pageQuery.extend({
      project_id: projectQuery,
      user_id: z.coerce.number().int().positive().optional(),
      client_id: z.string().max(2_000).optional(),
      live: z
        .stringbool()
        .optional()
        .meta({ description: 'true: without those that were revoked or have expired.' }),
    }),
  },
  responses: { 200: json(pageOf(connectionSchema), 'Connections, newest first.'), ...problems },
})

const show = createRoute({
  method: 'get',
  path: '/connections/{id}',
  operationId: 'getConnection',
  tags,
  summary: 'Show a connection',
  security: secured,
  request: { params: connectionParam },
  responses: { 200: json(connectionSchema, 'The connection.'), ...problems },
})

const revoke = createRoute({
  method: 'delete',
  path: '/connections/{id}',
  operationId: 'revokeConnection',
  tags,
  summary: 'Revoke a connection',
  security: secured,
  request: { params: connectionParam },
  responses: {
    204: { description: 'Revoked: its tokens are refused from the next request on.' },
    ...problems,
  },
})

const revokeAll = createRoute({
  method: 'post',
  path: '/connections/revoke',
  operationId: 'revokeConnections',
  tags,
  summary: 'Revoke all connections of a project, or of a person or client in it',
  security: secured,
  request: { body: jsonBody(revokeConnectionsSchema) },
  responses: {
    200: json(z.object({ revoked: z.int() }), 'How many were revoked.'),
    ...problems,
  },
})

/** `/connections`. */
export function connectionRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const query = c.req.valid('query')
    const page = await listConnections(manage, c.get('admin'), {
      limit: query.limit,
      cursor: query.cursor ?? null,
      projectId: query.project_id ?? null,
      userId: query.user_id ?? null,
      clientId: query.client_id ?? null,
      isLive: query.live ?? false,
    })
    return c.json({ items: page.items.map(connectionJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(show, async (c) => {
    const connection = await getConnection(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(connectionJson(connection), 200)
  })
  router.openapi(revoke, async (c) => {
    await revokeConnection(manage, c.get('admin'), c.req.valid('param').id)
    return c.body(null, 204)
  })
  router.openapi(revokeAll, async (c) => {
    const { project_id: projectId = null, user_id, client_id } = c.req.valid('json')
    const of = { projectId, ...givenOf({ userId: user_id, clientId: client_id }) }
    return c.json({ revoked: await revokeConnections(manage, c.get('admin'), of) }, 200)
  })
  return router
}
