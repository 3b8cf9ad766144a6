import { createRoute, z } from '@hono/zod-openapi'
import { bootstrap } from '../../manage/bootstrap.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { nameField } from '../schemas/common_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const bootstrapRoute = createRoute({
  method: 'post',
  path: '/bootstrap',
  operationId: 'bootstrap',
  tags: ['Projects'],
  summary: 'Make a project, an integration with its API key, and an admin token',
  security: secured,
  request: {
    body: jsonBody(
      z
        .strictObject({ project: nameField, integration: nameField.default('default') })
        .openapi('BootstrapRequest'),
    ),
  },
  responses: {
    201: json(
      z
        .object({
          project_id: z.int(),
          integration_id: z.int(),
          api_key: z.string(),
          admin_token: z.string(),
          mcp_url: z.string(),
        })
        .openapi('Bootstrapped'),
      'All a first client needs; the secrets are shown this once.',
    ),
    ...problems,
  },
})

/** `POST /bootstrap`. */
export function bootstrapRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(bootstrapRoute, async (c) => {
    const made = await bootstrap(manage, c.get('admin'), c.req.valid('json'))
    return c.json(
      {
        project_id: made.projectId,
        integration_id: made.integrationId,
        api_key: made.apiKey,
        admin_token: made.adminToken,
        mcp_url: made.mcpUrl,
      },
      201,
    )
  })
  return router
}
