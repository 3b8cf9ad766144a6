import { createRoute } from '@hono/zod-openapi'
import { createClientIntegration, rotateCredential } from '../../manage/client_integrations.ts'
import {
  createIntegration,
  deleteIntegration,
  getIntegration,
  listIntegrations,
  updateIntegration,
} from '../../manage/integrations.ts'
import { readUsageLimits } from '../../manage/usage_limits.ts'
import type { Integration } from '../../model/integration.ts'
import { noUsageLimits } from '../../model/usage_limit.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam, pageOf, pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import {
  integrationChangeOf,
  integrationChangeSchema,
  integrationInputOf,
  integrationJson,
  integrationSchema,
  integrationWithKeyJson,
  integrationWithKeySchema,
  newIntegrationSchema,
  rotationSchema,
} from '../schemas/integration_schemas.ts'
import { changeLimits, isOfLimitsAlone } from './limited_thing.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Integrations']

const list = createRoute({
  method: 'get',
  path: '/integrations',
  operationId: 'listIntegrations',
  tags,
  summary: 'List integrations',
  security: secured,
  request: { query: pageQuery.extend({ project_id: projectQuery }) },
  responses: { 200: json(pageOf(integrationSchema), 'Integrations by id.'), ...problems },
})

const create = createRoute({
  method: 'post',
  path: '/integrations',
  operationId: 'createIntegration',
  tags,
  summary: 'Create an integration and its API key or OAuth client',
  security: secured,
  request: { body: jsonBody(newIntegrationSchema) },
  responses: {
    201: json(integrationWithKeySchema, 'The integration and its credential.'),
    ...problems,
  },
})

const show = createRoute({
  method: 'get',
  path: '/integrations/{id}',
  operationId: 'getIntegration',
  tags,
  summary: 'Show an integration',
  security: secured,
  request: { params: idParam },
  responses: { 200: json(integrationSchema, 'The integration.'), ...problems },
})

const update = createRoute({
  method: 'patch',
  path: '/integrations/{id}',
  operationId: 'updateIntegration',
  tags,
  summary: 'Rename, deactivate or activate an integration',
  security: secured,
  request: { params: idParam, body: jsonBody(integrationChangeSchema) },
  responses: { 200: json(integrationSchema, 'The integration as it is now.'), ...problems },
})

const rotate = createRoute({
  method: 'post',
  path: '/integrations/{id}/rotate',
  operationId: 'rotateApiKey',
  tags,
  summary: "Replace an integration's API key or client secret",
  description:
    'The old one is refused from the next request on; that of an OAuth client may count on for a while.',
  security: secured,
  request: {
    params: idParam,
    body: { required: false, content: { 'application/json': { schema: rotationSchema } } },
  },
  responses: {
    200: json(integrationWithKeySchema, 'The integration and its new credential.'),
    ...problems,
  },
})

const remove = createRoute({
  method: 'delete',
  path: '/integrations/{id}',
  operationId: 'deleteIntegration',
  tags,
  summary: 'Delete an integration, revoke its credential and end its connections',
  security: secured,
  request: { params: idParam },
  responses: {
    204: { description: 'Deleted; its credential is refused from the next request on.' },
    ...problems,
  },
})

/** `/integrations`. */
export function integrationRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  const thingOf = ({ id, projectId }: Integration) =>
    ({ owner: 'integration', id, projectId }) as const
  const limitsOf = (integration: Integration) => readUsageLimits(manage, thingOf(integration))
  const shown = async (integration: Integration) =>
    integrationJson(integration, await limitsOf(integration))
  router.openapi(list, async (c) => {
    const { limit, cursor = null, project_id: projectId = null } = c.req.valid('query')
    const page = await listIntegrations(manage, c.get('admin'), { limit, cursor, projectId })
    const items = await Promise.all(page.items.map(shown))
    return c.json({ items, next_cursor: page.nextCursor }, 200)
  })
  router.openapi(create, async (c) => {
    const input = integrationInputOf(c.req.valid('json'))
    const admin = c.get('admin')
    const made =
      'apiKey' in input
        ? { ...(await createIntegration(manage, admin, input.apiKey)), client: null }
        : await createClientIntegration(manage, admin, input.oauthClient)
    return c.json(integrationWithKeyJson(made, noUsageLimits), 201)
  })
  router.openapi(show, async (c) => {
    const integration = await getIntegration(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(await shown(integration), 200)
  })
  router.openapi(update, async (c) => {
    const body = c.req.valid('json')
    const admin = c.get('admin')
    const { id } = c.req.valid('param')
    const integration = isOfLimitsAlone(body)
      ? await getIntegration(manage, admin, id)
      : await updateIntegration(manage, admin, { id, change: integrationChangeOf(body) })
    await changeLimits(manage, admin, { thing: thingOf(integration), limits: body.limits })
    return c.json(await shown(integration), 200)
  })
  router.openapi(rotate, async (c) => {
    const { id } = c.req.valid('param')
    const { overlap_seconds: overlapSeconds = 0 } = c.req.valid('json')
    const made = await rotateCredential(manage, c.get('admin'), { id, overlapSeconds })
    return c.json(integrationWithKeyJson(made, await limitsOf(made.integration)), 200)
  })
  router.openapi(remove, async (c) => {
    await deleteIntegration(manage, c.get('admin'), c.req.valid('param').id)
    return c.body(null, 204)
  })
  return router
}
