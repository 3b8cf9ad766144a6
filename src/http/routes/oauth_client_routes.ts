import { createRoute } from '@hono/zod-openapi'
import { isJsonObject } from '../../lib/json.ts'
import {
  deleteOauthClient,
  getOauthClient,
  listOauthClients,
  pinClientDocument,
} from '../../manage/oauth_clients.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam, pageOf, pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import { oauthClientJson, oauthClientSchema, pinSchema } from '../schemas/oauth_client_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['OAuth clients']

const list = createRoute({
  method: 'get',
  path: '/oauth-clients',
  operationId: 'listOauthClients',
  tags,
  summary: 'List OAuth clients',
  description: 'Those of a project, or with an admin token and no `project_id` all there are.',
  security: secured,
  request: { query: pageQuery.extend({ project_id: projectQuery }) },
  responses: { 200: json(pageOf(oauthClientSchema), 'Clients by id.'), ...problems },
})

const pin = createRoute({
  method: 'post',
  path: '/oauth-clients',
  operationId: 'pinOauthClient',
  tags,
  summary: 'Put a client metadata document in place',
  description:
    'It is never fetched again: for installations without a way out, and for clients that must stay as they are.',
  security: secured,
  request: { body: jsonBody(pinSchema) },
  responses: { 201: json(oauthClientSchema, 'The client.'), ...problems },
})

const show = createRoute({
  method: 'get',
  path: '/oauth-clients/{id}',
  operationId: 'getOauthClient',
  tags,
  summary: 'Show an OAuth client',
  security: secured,
  request: { params: idParam },
  responses: { 200: json(oauthClientSchema, 'The client.'), ...problems },
})

const remove = createRoute({
  method: 'delete',
  path: '/oauth-clients/{id}',
  operationId: 'deleteOauthClient',
  tags,
  summary: 'Delete an OAuth client and end its connections',
  description: 'One of an integration is deleted with that integration.',
  security: secured,
  request: { params: idParam },
  responses: {
    204: { description: 'Deleted; its tokens are refused from the next request on.' },
    ...problems,
  },
})

/** `/oauth-clients` (wire.md §8). */
export function oauthClientRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const { limit, cursor = null, project_id: projectId = null } = c.req.valid('query')
    const page = await listOauthClients(manage, c.get('admin'), { limit, cursor, projectId })
    return c.json({ items: page.items.map(oauthClientJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(pin, async (c) => {
    const { client_id: clientId } = c.req.valid('json')
    const exact = c.get('exactBody')
    const given = isJsonObject(exact) ? exact.document : undefined
    const document = isJsonObject(given) ? given : null
    const client = await pinClientDocument(manage, c.get('admin'), { clientId, document })
    return c.json(oauthClientJson(client), 201)
  })
  router.openapi(show, async (c) => {
    const client = await getOauthClient(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(oauthClientJson(client), 200)
  })
  router.openapi(remove, async (c) => {
    await deleteOauthClient(manage, c.get('admin'), c.req.valid('param').id)
    return c.body(null, 204)
  })
  return router
}
