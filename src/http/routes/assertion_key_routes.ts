import { createRoute } from '@hono/zod-openapi'
import {
  deactivateAssertionKey,
  getAssertionKey,
  listAssertionKeys,
  registerAssertionKey,
} from '../../manage/assertion_keys.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import {
  assertionKeyJson,
  assertionKeySchema,
  newAssertionKeySchema,
} from '../schemas/assertion_key_schemas.ts'
import { idParam, pageOf, pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Assertion keys']

const list = createRoute({
  method: 'get',
  path: '/assertion-keys',
  operationId: 'listAssertionKeys',
  tags,
  summary: "List a project's assertion keys",
  security: secured,
  request: { query: pageQuery.extend({ project_id: projectQuery }) },
  responses: {
    200: json(pageOf(assertionKeySchema), 'Keys by id, deactivated ones too.'),
    ...problems,
  },
})

const create = createRoute({
  method: 'post',
  path: '/assertion-keys',
  operationId: 'registerAssertionKey',
  tags,
  summary: 'Register a public key for member assertions',
  description: 'Several may be active at once; a token names its key by `kid`.',
  security: secured,
  request: { body: jsonBody(newAssertionKeySchema) },
  responses: { 201: json(assertionKeySchema, 'The key.'), ...problems },
})

const show = createRoute({
  method: 'get',
  path: '/assertion-keys/{id}',
  operationId: 'getAssertionKey',
  tags,
  summary: 'Show an assertion key',
  security: secured,
  request: { params: idParam },
  responses: { 200: json(assertionKeySchema, 'The key.'), ...problems },
})

const deactivate = createRoute({
  method: 'delete',
  path: '/assertion-keys/{id}',
  operationId: 'deactivateAssertionKey',
  tags,
  summary: 'Deactivate an assertion key',
  description: 'Its `kid` may be registered again.',
  security: secured,
  request: { params: idParam },
  responses: {
    204: { description: 'Assertions and session tokens that stand on it are refused from now on.' },
    ...problems,
  },
})

/** `/assertion-keys` (wire.md §4). */
export function assertionKeyRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const { limit, cursor = null, project_id: projectId = null } = c.req.valid('query')
    const page = await listAssertionKeys(manage, c.get('admin'), { limit, cursor, projectId })
    return c.json({ items: page.items.map(assertionKeyJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(create, async (c) => {
    const { project_id: projectId = null, kid, public_key, algorithm } = c.req.valid('json')
    const input = { projectId, kid, publicKey: public_key, algorithm: algorithm ?? null }
    return c.json(assertionKeyJson(await registerAssertionKey(manage, c.get('admin'), input)), 201)
  })
  router.openapi(show, async (c) => {
    const key = await getAssertionKey(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(assertionKeyJson(key), 200)
  })
  router.openapi(deactivate, async (c) => {
    await deactivateAssertionKey(manage, c.get('admin'), c.req.valid('param').id)
    return c.body(null, 204)
  })
  return router
}
