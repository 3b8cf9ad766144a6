import { createRoute, z } from '@hono/zod-openapi'
import { addScope, listScopes, removeScope } from '../../manage/scopes.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam } from '../schemas/common_schemas.ts'
import { newScopeSchema, scopeJson, scopeName, scopeSchema } from '../schemas/policy_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Policy']

const list = createRoute({
  method: 'get',
  path: '/projects/{id}/scopes',
  operationId: 'listScopes',
  tags,
  summary: "List a project's scopes",
  description: 'Those that were added, and those that its tools require.',
  security: secured,
  request: { params: idParam },
  responses: {
    200: json(z.object({ items: z.array(scopeSchema) }), 'All scopes, by name.'),
    ...problems,
  },
})

const add = createRoute({
  method: 'post',
  path: '/projects/{id}/scopes',
  operationId: 'addScope',
  tags,
  summary: 'Add a scope, or describe one',
  security: secured,
  request: { params: idParam, body: jsonBody(newScopeSchema) },
  responses: {
    200: json(scopeSchema, 'The scope was there; it has this description now.'),
    201: json(scopeSchema, 'The new scope.'),
    ...problems,
  },
})

const remove = createRoute({
  method: 'delete',
  path: '/projects/{id}/scopes/{name}',
  operationId: 'removeScope',
  tags,
  summary: 'Remove a scope that no tool requires',
  security: secured,
  request: {
    params: idParam.extend({
      name: scopeName.openapi({ param: { name: 'name', in: 'path' }, example: 'CONTACTS_READ' }),
    }),
  },
  responses: { 204: { description: 'Removed.' }, ...problems },
})

/** `/projects/{id}/scopes`. */
export function scopeRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const scopes = await listScopes(manage, c.get('admin'), c.req.valid('param').id)
    return c.json({ items: scopes.map(scopeJson) }, 200)
  })
  router.openapi(add, async (c) => {
    const scope = { projectId: c.req.valid('param').id, ...c.req.valid('json') }
    const isNew = await addScope(manage, c.get('admin'), scope)
    return isNew ? c.json(scopeJson(scope), 201) : c.json(scopeJson(scope), 200)
  })
  router.openapi(remove, async (c) => {
    const { id: projectId, name } = c.req.valid('param')
    await removeScope(manage, c.get('admin'), { projectId, name })
    return c.body(null, 204)
  })
  return router
}
