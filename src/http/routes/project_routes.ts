import { createRoute } from '@hono/zod-openapi'
import {
  createProject,
  getProject,
  listProjects,
  readToolTokens,
  updateProject,
} from '../../manage/projects.ts'
import { readUsageLimits } from '../../manage/usage_limits.ts'
import type { Project } from '../../model/project.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam, pageOf, pageQuery } from '../schemas/common_schemas.ts'
import {
  newProjectSchema,
  projectChangeOf,
  projectChangeSchema,
  projectJson,
  projectSchema,
} from '../schemas/project_schemas.ts'
import { changeLimits, isOfLimitsAlone } from './limited_thing.ts'
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

const pause = createRoute({
  method: 'post',
  path: '/projects/{id}/pause',
  operationId: 'pauseProject',
  tags,
  summary: 'Refuse every call of a project from now on',
  description: 'The same as `is_suspended: true`. What was sent already is left to finish.',
  security: secured,
  request: { params: idParam },
  responses: { 200: json(projectSchema, 'The project as it is now.'), ...problems },
})

const resume = createRoute({
  method: 'post',
  path: '/projects/{id}/resume',
  operationId: 'resumeProject',
  tags,
  summary: 'Allow the calls of a paused project again',
  security: secured,
  request: { params: idParam },
  responses: { 200: json(projectSchema, 'The project as it is now.'), ...problems },
})

/** `/projects`. */
export function projectRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  const thingOf = ({ id }: Project) => ({ owner: 'project', id, projectId: id }) as const
  const shown = async (project: Project) => {
    const tokens = await readToolTokens(manage, project)
    const limits = await readUsageLimits(manage, thingOf(project))
    return projectJson(project, { mcpUrl: manage.mcpUrlOf(project.slug), tokens, limits })
  }
  router.openapi(list, async (c) => {
    const { limit, cursor = null } = c.req.valid('query')
    const page = await listProjects(manage, c.get('admin'), { limit, cursor })
    const items = await Promise.all(page.items.map(shown))
    return c.json({ items, next_cursor: page.nextCursor }, 200)
  })
  router.openapi(create, async (c) => {
    const { name, slug = null, description } = c.req.valid('json')
    const project = await createProject(manage, c.get('admin'), { name, slug, description })
    return c.json(await shown(project), 201)
  })
  router.openapi(show, async (c) => {
    const project = await getProject(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(await shown(project), 200)
  })
  router.openapi(update, async (c) => {
    const body = c.req.valid('json')
    const admin = c.get('admin')
    const { id } = c.req.valid('param')
    const project = isOfLimitsAlone(body)
      ? await getProject(manage, admin, id)
      : await updateProject(manage, admin, { id, change: projectChangeOf(body) })
    await changeLimits(manage, admin, { thing: thingOf(project), limits: body.limits })
    return c.json(await shown(project), 200)
  })
  for (const [route, isSuspended] of [
    [pause, true],
    [resume, false],
  ] as const) {
    router.openapi(route, async (c) => {
      const target = { id: c.req.valid('param').id, change: { isSuspended } }
      return c.json(await shown(await updateProject(manage, c.get('admin'), target)), 200)
    })
  }
  return router
}
