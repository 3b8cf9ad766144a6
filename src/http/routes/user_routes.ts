import { createRoute } from '@hono/zod-openapi'
import { makeFirstOwnerLink } from '../../access/first_admin.ts'
import { AppError } from '../../errors.ts'
import { removeRole, setRole } from '../../manage/user_roles.ts'
import {
  createUser,
  getUser,
  listUsers,
  resetPassword,
  resetSecondFactor,
  updateUser,
} from '../../manage/users.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { givenOf, idParam, pageOf } from '../schemas/common_schemas.ts'
import {
  createdUserSchema,
  newUserSchema,
  roleChangeSchema,
  roleQuery,
  userChangeSchema,
  userJson,
  userLinkJson,
  userLinkSchema,
  userQuery,
  userSchema,
} from '../schemas/user_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const common = { tags: ['People'], security: secured }

const list = createRoute({
  ...common,
  method: 'get',
  path: '/users',
  operationId: 'listUsers',
  summary: 'List people',
  description: 'With a credential of one project those with a role in it.',
  request: { query: userQuery },
  responses: { 200: json(pageOf(userSchema), 'People, by id.'), ...problems },
})

const create = createRoute({
  ...common,
  method: 'post',
  path: '/users',
  operationId: 'createUser',
  summary: 'Create a person, invited by a link unless a password is given',
  description:
    'With a credential of one project, a person who has an account already is given the role there.',
  request: { body: jsonBody(newUserSchema) },
  responses: { 201: json(createdUserSchema, 'The person, and the invitation.'), ...problems },
})

const get = createRoute({
  ...common,
  method: 'get',
  path: '/users/{id}',
  operationId: 'getUser',
  summary: 'Show a person',
  request: { params: idParam },
  responses: { 200: json(userSchema, 'The person.'), ...problems },
})

const update = createRoute({
  ...common,
  method: 'patch',
  path: '/users/{id}',
  operationId: 'updateUser',
  summary: 'Rename a person, shut the account or open it again',
  request: { params: idParam, body: jsonBody(userChangeSchema) },
  responses: { 200: json(userSchema, 'As it is now.'), ...problems },
})

const putRole = createRoute({
  ...common,
  method: 'post',
  path: '/users/{id}/roles',
  operationId: 'setUserRole',
  summary: 'Give a person a role, in place of the one before',
  request: { params: idParam, body: jsonBody(roleChangeSchema) },
  responses: { 200: json(userSchema, 'As it is now; the sessions are ended.'), ...problems },
})

const dropRole = createRoute({
  ...common,
  method: 'delete',
  path: '/users/{id}/roles',
  operationId: 'removeUserRole',
  summary: 'Take a role away',
  request: { params: idParam, query: roleQuery },
  responses: { 204: { description: 'Taken away; the sessions are ended.' }, ...problems },
})

const newPassword = createRoute({
  ...common,
  method: 'post',
  path: '/users/{id}/reset-password',
  operationId: 'resetUserPassword',
  summary: 'Make a link by which a person sets a new password',
  request: { params: idParam },
  responses: { 200: json(userLinkSchema, 'The link, shown this once.'), ...problems },
})

const dropSecondFactor = createRoute({
  ...common,
  method: 'delete',
  path: '/users/{id}/second-factor',
  operationId: 'resetUserSecondFactor',
  summary: 'Stop asking a person for a second factor',
  request: { params: idParam },
  responses: { 200: json(userSchema, 'As it is now; the sessions are ended.'), ...problems },
})

const firstOwner = createRoute({
  ...common,
  method: 'post',
  path: '/setup-url',
  operationId: 'makeSetupUrl',
  summary: 'Make the link for the first owner; on the machine of the server only',
  responses: { 200: json(userLinkSchema, 'The link, shown this once.'), ...problems },
})

/** `/users` and `/setup-url`. */
export function userRoutes(deps: ManagementDeps): ManagementRouter {
  const router = createRouter()
  const { manage } = deps
  router.openapi(list, async (c) => {
    const { limit, cursor = null, project_id = null, email = null } = c.req.valid('query')
    const request = { limit, cursor, projectId: project_id, email }
    const page = await listUsers(manage, c.get('admin'), request)
    return c.json({ items: page.items.map(userJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(create, async (c) => {
    const { email, name = email, role, project_id: projectId, password } = c.req.valid('json')
    const input = { email, name, role, projectId, password }
    const { user, link } = await createUser(manage, c.get('admin'), input)
    return c.json({ user: userJson(user), invitation: link && userLinkJson(link) }, 201)
  })
  router.openapi(get, async (c) =>
    c.json(userJson(await getUser(manage, c.get('admin'), c.req.valid('param').id)), 200),
  )
  router.openapi(update, async (c) => {
    const { name, is_disabled: isDisabled } = c.req.valid('json')
    const { id } = c.req.valid('param')
    const target = { id, change: givenOf({ name, isDisabled }) }
    return c.json(userJson(await updateUser(manage, c.get('admin'), target)), 200)
  })
  addAccessRoutes(router, deps)
  return router
}

/** What a person may do, and how they get in. */
function addAccessRoutes(router: ManagementRouter, { manage, console }: ManagementDeps): void {
  router.openapi(putRole, async (c) => {
    const { role, project_id: projectId } = c.req.valid('json')
    const wanted = { userId: c.req.valid('param').id, projectId, role }
    return c.json(userJson(await setRole(manage, c.get('admin'), wanted)), 200)
  })
  router.openapi(dropRole, async (c) => {
    const { project_id: projectId = null } = c.req.valid('query')
    await removeRole(manage, c.get('admin'), { userId: c.req.valid('param').id, projectId })
    return c.body(null, 204)
  })
  router.openapi(newPassword, async (c) => {
    const link = await resetPassword(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(userLinkJson(link), 200)
  })
  router.openapi(dropSecondFactor, async (c) => {
    const user = await resetSecondFactor(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(userJson(user), 200)
  })
  router.openapi(firstOwner, async (c) => {
    // Whoever reads it owns the installation: it is told to who owns the machine (case 260).
    if (c.get('admin').kind !== 'local') {
      throw new AppError('permission_denied', { reason: 'This works on the machine itself only.' })
    }
    const link = await makeFirstOwnerLink(console, 'local')
    if (link === null) throw new AppError('setup_done')
    return c.json(userLinkJson(link), 200)
  })
}
