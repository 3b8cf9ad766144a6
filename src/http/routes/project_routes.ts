import { createRoute } from '@hono/zod-openapi'
import { createProject, getProject, listProjects, updateProject } from '../../manage/projects.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam, pageOf, pageQuery } from '../schemas/common_schemas.ts'
import {
  newProjectSchema,
  projectChangeOf,
  projectChangeSchema,
  projectJson,
  projectSchema,
} from '../schemas/project_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Projects']

const list = createRoute({
  method: 'get',
  path: '/projects',
  operationId: 'listProjects',
  tags,
  summary: 'List projects',
  security: secured,
  request: { query: pageQuery },
  responses: { 200: json(pageOf(projectSchema), 'Projects by id.'), ...problems },
})

const create = createRoute({
  method: 'post',
  path: '/projects',
  operationId: 'createProject',
  tags,
  summary: 'Create a project',
  security: secured,
  request: { body: jsonBody(newProjectSchema) },
  responses: { 201: json(projectSchema, 'The new project.'), ...problems },
})

const show = createRoute({
  method: 'get',
  path: '/projects/{id}',
  operationId: 'getProject',
  tags,
  summary: 'Show a project',
  security: secured,
  request: { params: idParam },
  responses: { 200: json(projectSchema, 'The project.'), ...problems },
})

const update = createRoute({
  method: 'patch',
  path: '/projects/{id}',
  operationId: 'updateProject',
  tags,
  summary: 'Change, suspend or resume a project',
  security: secured,
  request: { params: idParam, body: jsonBody(projectChangeSchema) },
  responses: { 200: json(projectSchema, 'The project as it is now.'), ...problems },
})

/** `/projects`. */
export function projectRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const { limit, cursor = null } = c.req.valid('query')
    const page = await listProjects(manage, c.get('admin'), { limit, cursor })
    const items = page.items.map((p) => projectJson(p, manage.mcpUrlOf(p.slug)))
    return c.json({ items, next_cursor: page.nextCursor }, 200)
  })
  router.openapi(create, async (c) => {
    const { name, slug = null, description } = c.req.valid('json')
    const project = await createProject(manage, c.get('admin'), { name, slug, description })
    return c.json(projectJson(project, manage.mcpUrlOf(project.slug)), 201)
  })
  router.openapi(show, async (c) => {
    const project = await getProject(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(projectJson(project, manage.mcpUrlOf(project.slug)), 200)
  })
  router.openapi(update, async (c) => {
    const change = projectChangeOf(c.req.valid('json'))
    const { id } = c.req.valid('param')
    const project = await updateProject(manage, c.get('admin'), { id, change })
    return c.json(projectJson(project, manage.mcpUrlOf(project.slug)), 200)
  })
  return router
}
