import { createRoute, z } from '@hono/zod-openapi'
import {
  listFindings,
  listOperations,
  listTags,
  showDefinition,
} from '../../manage/openapi/imports.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { pageOf, pageQuery } from '../schemas/common_schemas.ts'
import {
  definitionSchema,
  findingSchema,
  operationJson,
  operationQuery,
  operationSchema,
  tagSchema,
  wouldBeJson,
} from '../schemas/openapi_import_schemas.ts'
import { importParams, targetOf } from './openapi_import_routes.ts'
import { json, problems, secured } from './route_parts.ts'

const shared = { tags: ['OpenAPI imports'], security: secured }

const operations = createRoute({
  ...shared,
  method: 'get',
  path: '/openapi-sources/{id}/imports/{import_id}/operations',
  operationId: 'listOpenapiOperations',
  summary: 'List the operations of an import and what becomes of them',
  request: { params: importParams, query: operationQuery },
  responses: {
    200: json(pageOf(operationSchema), "Operations in the document's order."),
    ...problems,
  },
})

const findings = createRoute({
  ...shared,
  method: 'get',
  path: '/openapi-sources/{id}/imports/{import_id}/findings',
  operationId: 'listOpenapiFindings',
  summary: 'List what an import says about its document',
  request: { params: importParams, query: pageQuery },
  responses: { 200: json(pageOf(findingSchema), 'Findings.'), ...problems },
})

const tags = createRoute({
  ...shared,
  method: 'get',
  path: '/openapi-sources/{id}/imports/{import_id}/tags',
  operationId: 'listOpenapiTags',
  summary: 'List the tags of a document and what they hold',
  request: { params: importParams },
  responses: {
    200: json(z.object({ items: z.array(tagSchema) }).openapi('OpenapiTags'), 'Tags.'),
    ...problems,
  },
})

const definition = createRoute({
  ...shared,
  method: 'get',
  path: '/openapi-sources/{id}/imports/{import_id}/operations/{key}/definition',
  operationId: 'getOpenapiDefinition',
  summary: 'Show the whole tool that an operation would become',
  request: {
    params: importParams.extend({
      key: z
        .string()
        .max(4000)
        .openapi({ param: { name: 'key', in: 'path' }, example: 'GET /pets/{id}' }),
    }),
  },
  responses: { 200: json(definitionSchema, 'The tool it would be.'), ...problems },
})

/** What is in a plan: `/openapi-sources/{id}/imports/{import_id}/…`. */
export function openapiPlanRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(operations, async (c) => {
    const { limit, cursor = null, ...rest } = c.req.valid('query')
    const query = {
      tag: rest.tag ?? null,
      method: rest.method ?? null,
      path: rest.path ?? null,
      operationId: rest.operation_id ?? null,
      q: rest.q ?? null,
      change: rest.change ?? null,
    }
    const request = { ...targetOf(c.req.valid('param')), limit, cursor, query }
    const page = await listOperations(manage, c.get('admin'), request)
    return c.json({ items: page.items.map(operationJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(findings, async (c) => {
    const { limit, cursor = null } = c.req.valid('query')
    const request = { ...targetOf(c.req.valid('param')), limit, cursor }
    const page = await listFindings(manage, c.get('admin'), request)
    const items = page.items.map(({ position: _position, ...finding }) => finding)
    return c.json({ items, next_cursor: page.nextCursor }, 200)
  })
  router.openapi(tags, async (c) => {
    const items = await listTags(manage, c.get('admin'), targetOf(c.req.valid('param')))
    return c.json({ items: [...items] }, 200)
  })
  router.openapi(definition, async (c) => {
    const { key, ...rest } = c.req.valid('param')
    const target = { ...targetOf(rest), key }
    return c.json(wouldBeJson(await showDefinition(manage, c.get('admin'), target)), 200)
  })
  return router
}
