import { createRoute, z } from '@hono/zod-openapi'
import { getMember, getMemberUsage, listMembers, updateMember } from '../../manage/members.ts'
import type { MemberRecord } from '../../model/member.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { idParam, moment, pageOf, pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import {
  memberChangeOf,
  memberChangeSchema,
  memberJson,
  memberSchema,
  memberUsageJson,
  memberUsageSchema,
} from '../schemas/member_schemas.ts'
import { changeLimits, isOfLimitsAlone, limitsOf } from './limited_thing.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Members']

const list = createRoute({
  method: 'get',
  path: '/members',
  operationId: 'listMembers',
  tags,
  summary: 'List the members a project has seen',
  security: secured,
  request: {
    query: pageQuery.extend({
      project_id: projectQuery,
      external_id: z.string().max(255).optional(),
      is_blocked: z.stringbool().optional(),
    }),
  },
  responses: { 200: json(pageOf(memberSchema), 'Members by id.'), ...problems },
})

const show = createRoute({
  method: 'get',
  path: '/members/{id}',
  operationId: 'getMember',
  tags,
  summary: 'Show a member',
  security: secured,
  request: { params: idParam },
  responses: { 200: json(memberSchema, 'The member.'), ...problems },
})

const update = createRoute({
  method: 'patch',
  path: '/members/{id}',
  operationId: 'updateMember',
  tags,
  summary: 'Block, unblock or limit a member',
  security: secured,
  request: { params: idParam, body: jsonBody(memberChangeSchema) },
  responses: { 200: json(memberSchema, 'The member as it is now.'), ...problems },
})

const usage = createRoute({
  method: 'get',
  path: '/members/{id}/usage',
  operationId: 'getMemberUsage',
  tags,
  summary: 'Show what a member did, by tool',
  security: secured,
  request: {
    params: idParam,
    query: z.object({ since: moment.optional(), until: moment.optional() }),
  },
  responses: { 200: json(memberUsageSchema, 'Calls and errors by tool.'), ...problems },
})

/** `/members`. */
export function memberRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  const thingOf = ({ id, projectId }: MemberRecord) => ({ owner: 'member', id, projectId }) as const
  const shown = async (member: MemberRecord) => ({
    ...memberJson(member),
    ...(await limitsOf(manage, thingOf(member))),
  })
  router.openapi(list, async (c) => {
    const query = c.req.valid('query')
    const page = await listMembers(manage, c.get('admin'), {
      limit: query.limit,
      cursor: query.cursor ?? null,
      projectId: query.project_id ?? null,
      externalId: query.external_id ?? null,
      isBlocked: query.is_blocked ?? null,
    })
    const items = await Promise.all(page.items.map(shown))
    return c.json({ items, next_cursor: page.nextCursor }, 200)
  })
  router.openapi(show, async (c) => {
    const member = await getMember(manage, c.get('admin'), c.req.valid('param').id)
    return c.json(await shown(member), 200)
  })
  router.openapi(update, async (c) => {
    const { id } = c.req.valid('param')
    const body = c.req.valid('json')
    const admin = c.get('admin')
    const member = isOfLimitsAlone(body)
      ? await getMember(manage, admin, id)
      : await updateMember(manage, admin, { id, change: memberChangeOf(body) })
    await changeLimits(manage, admin, { thing: thingOf(member), limits: body.limits })
    return c.json(await shown(member), 200)
  })
  router.openapi(usage, async (c) => {
    const { id } = c.req.valid('param')
    const { since, until } = c.req.valid('query')
    const span = {
      sinceMs: since === undefined ? null : Date.parse(since),
      untilMs: until === undefined ? null : Date.parse(until),
    }
    return c.json(memberUsageJson(await getMemberUsage(manage, c.get('admin'), { id, span })), 200)
  })
  return router
}
