import { createRoute, z } from '@hono/zod-openapi'
import type { JsonObject } from '../../lib/json.ts'
import {
  createTool,
  deleteTool,
  getTool,
  listTools,
  listToolVersions,
  rollbackTool,
  type ToolView,
  updateTool,
} from '../../manage/tools.ts'
import type { ToolDefinition } from '../../model/tool.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam, pageOf, pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import {
  definitionPart,
  newToolSchema,
  toolChangeOf,
  toolChangeSchema,
  toolJson,
  toolSchema,
  toolVersionJson,
  toolVersionSchema,
} from '../schemas/tool_schemas.ts'
import { changeLimits, isOfLimitsAlone, limitsOf } from './limited_thing.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Custom tools']

const list = createRoute({
  method: 'get',
  path: '/custom-tools',
  operationId: 'listTools',
  tags,
  summary: 'List tools',
  security: secured,
  request: { query: pageQuery.extend({ project_id: projectQuery }) },
  responses: { 200: json(pageOf(toolSchema), 'Tools by id.'), ...problems },
})

const create = createRoute({
  method: 'post',
  path: '/custom-tools',
  operationId: 'createTool',
  tags,
  summary: 'Register a tool',
  security: secured,
  request: { body: jsonBody(newToolSchema) },
  responses: { 201: json(toolSchema, 'The new tool.'), ...problems },
})

const show = createRoute({
  method: 'get',
  path: '/custom-tools/{id}',
  operationId: 'getTool',
  tags,
  summary: 'Show a tool',
  security: secured,
  request: { params: idParam },
  responses: { 200: json(toolSchema, 'The tool.'), ...problems },
})

const update = createRoute({
  method: 'patch',
  path: '/custom-tools/{id}',
  operationId: 'updateTool',
  tags,
  summary: 'Change a tool',
  description: `Changed content becomes a new immutable version. Absent fields stay as they are.

Of a tool that was imported from an OpenAPI document, a new name, description, \`is_enabled\`,
\`required_scopes\` or \`response\` is kept as an override and survives every import. What the document
says (schemas, method, path, base URL, annotations) is refused here. Everything else is the tool's
own and stays.`,
  security: secured,
  request: { params: idParam, body: jsonBody(toolChangeSchema) },
  responses: { 200: json(toolSchema, 'The tool as it is now.'), ...problems },
})

const remove = createRoute({
  method: 'delete',
  path: '/custom-tools/{id}',
  operationId: 'deleteTool',
  tags,
  summary: 'Delete a tool',
  security: secured,
  request: { params: idParam },
  responses: { 204: { description: 'Deleted; its runs stay on record.' }, ...problems },
})

const versions = createRoute({
  method: 'get',
  path: '/custom-tools/{id}/versions',
  operationId: 'listToolVersions',
  tags,
  summary: "List a tool's versions, newest first",
  security: secured,
  request: { params: idParam, query: pageQuery },
  responses: { 200: json(pageOf(toolVersionSchema), 'Versions, newest first.'), ...problems },
})

const rollback = createRoute({
  method: 'post',
  path: '/custom-tools/{id}/rollback',
  operationId: 'rollbackTool',
  tags,
  summary: 'Make the content of an earlier version current again',
  security: secured,
  request: {
    params: idParam,
    body: jsonBody(z.strictObject({ version: z.int().positive() }).openapi('Rollback')),
  },
  responses: { 200: json(toolSchema, 'The tool as it is now.'), ...problems },
})

/** `/custom-tools`, but for calling them. */
export function toolRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  const thingOf = ({ tool: { id, projectId } }: ToolView) =>
    ({ owner: 'tool', id, projectId }) as const
  const shown = async (view: ToolView) => ({
    ...toolJson(view),
    ...(await limitsOf(manage, thingOf(view))),
  })
  router.openapi(list, async (c) => {
    const { limit, cursor = null, project_id: projectId = null } = c.req.valid('query')
    const page = await listTools(manage, c.get('admin'), { limit, cursor, projectId })
    const items = await Promise.all(page.items.map(shown))
    return c.json({ items, next_cursor: page.nextCursor }, 200)
  })
  router.openapi(create, async (c) => {
    const body = c.req.valid('json')
    const view = await createTool(manage, c.get('admin'), {
      projectId: body.project_id ?? null,
      definition: {
        ...definitionPart(body, c.get('exactBody') as JsonObject),
        requestMap: null,
      } as ToolDefinition,
      isEnabled: body.is_enabled,
      isPinned: body.is_pinned,
      tags: body.tags,
      ...(body.encrypted_auth_secret === undefined ? {} : { secret: body.encrypted_auth_secret }),
    })
    return c.json(await shown(view), 201)
  })
  router.openapi(show, async (c) => {
    const view = await getTool(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(await shown(view), 200)
  })
  router.openapi(update, async (c) => {
    const body = c.req.valid('json')
    const admin = c.get('admin')
    const change = toolChangeOf(body, c.get('exactBody') as JsonObject)
    const { id } = c.req.valid('param')
    const view = isOfLimitsAlone(body)
      ? await getTool(manage, admin, id)
      : await updateTool(manage, admin, { id, change })
    await changeLimits(manage, admin, { thing: thingOf(view), limits: body.limits })
    return c.json(await shown(view), 200)
  })
  router.openapi(remove, async (c) => {
    await deleteTool(manage, c.get('admin'), c.req.valid('param').id)
    return c.body(null, 204)
  })
  router.openapi(versions, async (c) => {
    const { limit, cursor = null } = c.req.valid('query')
    const { id } = c.req.valid('param')
    const page = await listToolVersions(manage, c.get('admin'), { id, limit, cursor })
    return c.json({ items: page.items.map(toolVersionJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(rollback, async (c) => {
    const { id } = c.req.valid('param')
    const { version } = c.req.valid('json')
    const view = await rollbackTool(manage, c.get('admin'), { id, version })
    return c.json(await shown(view), 200)
  })
  return router
}
