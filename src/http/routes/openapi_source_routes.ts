import { createRoute } from '@hono/zod-openapi'
import { rollbackSource } from '../../manage/openapi/rollback_source.ts'
import { setSourceAuth } from '../../manage/openapi/source_auth.ts'
import { sourceInReach } from '../../manage/openapi/source_reach.ts'
import {
  createSource,
  deleteSource,
  listSources,
  updateSource,
} from '../../manage/openapi/sources.ts'
import { heldOpen } from '../held_open.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam, pageOf, pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import { appliedSchema } from '../schemas/openapi_import_schemas.ts'
import {
  newSourceOf,
  newSourceSchema,
  sourceAuthSchema,
  sourceChangeOf,
  sourceChangeSchema,
  sourceJson,
  sourceSchema,
} from '../schemas/openapi_source_schemas.ts'
import { authOAuthOf } from '../schemas/tool_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const shared = { tags: ['OpenAPI sources'], security: secured }

const list = createRoute({
  ...shared,
  method: 'get',
  path: '/openapi-sources',
  operationId: 'listOpenapiSources',
  summary: 'List OpenAPI sources',
  request: { query: pageQuery.extend({ project_id: projectQuery }) },
  responses: { 200: json(pageOf(sourceSchema), 'Sources by id.'), ...problems },
})

const create = createRoute({
  ...shared,
  method: 'post',
  path: '/openapi-sources',
  operationId: 'createOpenapiSource',
  summary: 'Add an OpenAPI source',
  description: 'Nothing is fetched until an import begins.',
  request: { body: jsonBody(newSourceSchema) },
  responses: { 201: json(sourceSchema, 'The new source.'), ...problems },
})

const show = createRoute({
  ...shared,
  method: 'get',
  path: '/openapi-sources/{id}',
  operationId: 'getOpenapiSource',
  summary: 'Show an OpenAPI source',
  request: { params: idParam },
  responses: { 200: json(sourceSchema, 'The source.'), ...problems },
})

const update = createRoute({
  ...shared,
  method: 'patch',
  path: '/openapi-sources/{id}',
  operationId: 'updateOpenapiSource',
  summary: 'Change an OpenAPI source',
  description:
    'Where settings or filter change, the document that was kept is planned anew by a new import; nothing is fetched and nothing applied.',
  request: { params: idParam, body: jsonBody(sourceChangeSchema) },
  responses: { 200: json(sourceSchema, 'The source as it is now.'), ...problems },
})

const remove = createRoute({
  ...shared,
  method: 'delete',
  path: '/openapi-sources/{id}',
  operationId: 'deleteOpenapiSource',
  summary: 'Delete an OpenAPI source and its tools',
  request: { params: idParam },
  responses: { 204: { description: 'Deleted; runs stay on record.' }, ...problems },
})

const rollback = createRoute({
  ...shared,
  method: 'post',
  path: '/openapi-sources/{id}/rollback',
  operationId: 'rollbackOpenapiSource',
  summary: 'Make its tools what they were before the last apply',
  request: { params: idParam },
  responses: { 200: json(appliedSchema, 'What changed, all at once.'), ...problems },
})

const auth = createRoute({
  ...shared,
  method: 'put',
  path: '/openapi-sources/{id}/auth',
  operationId: 'setOpenapiSourceAuth',
  summary: 'Set how all its tools prove themselves upstream',
  description: 'All its tools change at once; tools that a later import adds have it too.',
  request: { params: idParam, body: jsonBody(sourceAuthSchema) },
  responses: { 200: json(sourceSchema, 'The source as it is now.'), ...problems },
})

/** `/openapi-sources`, but for their imports and overrides. */
export function openapiSourceRoutes({ manage, openapi }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const { limit, cursor = null, project_id: projectId = null } = c.req.valid('query')
    const page = await listSources(manage, c.get('admin'), { limit, cursor, projectId })
    return c.json({ items: page.items.map(sourceJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(create, async (c) => {
    const body = c.req.valid('json')
    const input = { ...newSourceOf(body), projectId: body.project_id ?? null }
    return c.json(sourceJson(await createSource(manage, c.get('admin'), input)), 201)
  })
  router.openapi(show, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(sourceJson(await sourceInReach(manage, c.get('admin'), id)), 200)
  })
  router.openapi(update, async (c) => {
    const { id } = c.req.valid('param')
    const { settings } = await sourceInReach(manage, c.get('admin'), id)
    const change = sourceChangeOf(c.req.valid('json'), settings)
    return c.json(sourceJson(await updateSource(openapi, c.get('admin'), { id, change })), 200)
  })
  router.openapi(remove, async (c) => {
    await deleteSource(openapi, c.get('admin'), c.req.valid('param').id)
    return c.body(null, 204)
  })
  router.openapi(auth, async (c) => {
    const { id } = c.req.valid('param')
    const { strategy, secret, header_name: headerName, oauth } = c.req.valid('json')
    const input = {
      strategy,
      headerName,
      oauth: oauth && authOAuthOf(oauth),
      ...(secret === undefined ? {} : { secret }),
    }
    const set = () => setSourceAuth(openapi, c.get('admin'), { id, input })
    return c.json(sourceJson(await heldOpen(c.env.peer, set)), 200)
  })
  router.openapi(rollback, async (c) => {
    const { id } = c.req.valid('param')
    const roll = () => rollbackSource(openapi, c.get('admin'), id)
    return c.json(await heldOpen(c.env.peer, roll), 200)
  })
  return router
}
