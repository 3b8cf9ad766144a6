import { createRoute, z } from '@hono/zod-openapi'
import type { JsonObject } from '../../lib/json.ts'
import {
  deleteTrustedIssuer,
  listTrustedIssuers,
  putTrustedIssuer,
} from '../../manage/trusted_issuers.ts'
import type { TrustedIssuer } from '../../model/trusted_issuer.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import {
  idParam,
  moment,
  momentOf,
  pageOf,
  pageQuery,
  projectQuery,
} from '../schemas/common_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Trusted issuers']

const issuerSchema = z
  .object({
    id: z.int(),
    project_id: z.int(),
    issuer: z.string(),
    kids: z.array(z.string()).meta({ description: 'The keys that are trusted.' }),
    created_at: moment,
  })
  .openapi('TrustedIssuer')

const newIssuerSchema = z
  .strictObject({
    project_id: z.int().positive().optional(),
    issuer: z
      .url({ protocol: /^https$/ })
      .max(2000)
      .meta({ description: 'Its `iss`, exactly.' }),
    jwks: z
      .record(z.string(), z.unknown())
      .meta({ description: 'Its JWK Set; public keys with `kid` only.' }),
  })
  .openapi('NewTrustedIssuer')

const list = createRoute({
  method: 'get',
  path: '/trusted-issuers',
  operationId: 'listTrustedIssuers',
  tags,
  summary: 'List the identity providers whose assertions a project takes',
  security: secured,
  request: { query: pageQuery.extend({ project_id: projectQuery }) },
  responses: { 200: json(pageOf(issuerSchema), 'Issuers by id.'), ...problems },
})

const put = createRoute({
  method: 'post',
  path: '/trusted-issuers',
  operationId: 'putTrustedIssuer',
  tags,
  summary: 'Trust an identity provider, or give it other keys',
  description:
    'Its identity assertions (ID-JAG) are then exchanged for access tokens at the token endpoint.',
  security: secured,
  request: { body: jsonBody(newIssuerSchema) },
  responses: { 201: json(issuerSchema, 'The issuer.'), ...problems },
})

const remove = createRoute({
  method: 'delete',
  path: '/trusted-issuers/{id}',
  operationId: 'deleteTrustedIssuer',
  tags,
  summary: 'Trust an identity provider no more',
  security: secured,
  request: { params: idParam },
  responses: { 204: { description: 'Its assertions are refused from now on.' }, ...problems },
})

/** `/trusted-issuers`. */
export function trustedIssuerRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const { limit, cursor = null, project_id: projectId = null } = c.req.valid('query')
    const page = await listTrustedIssuers(manage, c.get('admin'), { limit, cursor, projectId })
    return c.json({ items: page.items.map(issuerJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(put, async (c) => {
    const { project_id: projectId = null, issuer } = c.req.valid('json')
    const { jwks = null } = c.get('exactBody') as JsonObject
    const made = await putTrustedIssuer(manage, c.get('admin'), { projectId, issuer, jwks })
    return c.json(issuerJson(made), 201)
  })
  router.openapi(remove, async (c) => {
    await deleteTrustedIssuer(manage, c.get('admin'), c.req.valid('param').id)
    return c.body(null, 204)
  })
  return router
}

const issuerJson = (issuer: TrustedIssuer) => ({
  id: issuer.id,
  project_id: issuer.projectId,
  issuer: issuer.issuer,
  kids: (JSON.parse(issuer.jwks) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid),
  created_at: momentOf(issuer.createdAtMs),
})
