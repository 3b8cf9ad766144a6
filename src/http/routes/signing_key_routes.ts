import { createRoute, z } from '@hono/zod-openapi'
import { listSigningKeys, publicSigningKeys, rotateSigningKey } from '../../manage/signing_keys.ts'
import type { SigningKey } from '../../model/signing_key.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { moment, momentOf, momentOrNull } from '../schemas/common_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const tags = ['Signing keys']

const signingKeysSchema = z.object({
  items: z.array(
    z
      .object({
        kid: z.string(),
        is_current: z.boolean(),
        created_at: moment,
        not_after: moment
          .nullable()
          .meta({ description: 'Its signatures count until then; null for the current key.' }),
      })
      .openapi('SigningKey'),
  ),
})

const list = createRoute({
  method: 'get',
  path: '/signing-keys',
  operationId: 'listSigningKeys',
  tags,
  summary: 'List the keys that session tokens are signed with',
  description: 'The public halves are at `/.well-known/jwks.json`.',
  security: secured,
  responses: { 200: json(signingKeysSchema, 'The current key first.'), ...problems },
})

const rotate = createRoute({
  method: 'post',
  path: '/signing-keys/rotate',
  operationId: 'rotateSigningKey',
  tags,
  summary: 'Put a new signing key in place',
  security: secured,
  request: {
    body: jsonBody(
      z
        .strictObject({
          overlap_seconds: z.int().min(0).max(86_400).optional().meta({
            description:
              'How long older signatures go on counting; the life of a session token unless told, and 0 ends them all now.',
          }),
        })
        .openapi('RotateSigningKey'),
    ),
  },
  responses: { 200: json(signingKeysSchema, 'The keys as they are now.'), ...problems },
})

/** `/signing-keys`. */
export function signingKeyRoutes({ manage, access }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    return c.json(signingKeysJson(await listSigningKeys(manage, c.get('admin'))), 200)
  })
  router.openapi(rotate, async (c) => {
    const { overlap_seconds: overlap = access.sessions.minutes * 60 } = c.req.valid('json')
    return c.json(signingKeysJson(await rotateSigningKey(manage, c.get('admin'), overlap)), 200)
  })
  return router
}

/** `/.well-known/jwks.json`: a JWK Set (RFC 7517 §5); public. */
export function jwksRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.get('/.well-known/jwks.json', async (c) => {
    const keys = await publicSigningKeys(manage)
    const body = { keys: keys.map(({ publicJwk }) => JSON.parse(publicJwk)) }
    return c.json(body, 200, { 'cache-control': 'public, max-age=300' })
  })
  return router
}

const signingKeysJson = (keys: readonly SigningKey[]) => ({
  items: keys.map((key) => ({
    kid: key.kid,
    is_current: key.notAfterMs === null,
    created_at: momentOf(key.createdAtMs),
    not_after: momentOrNull(key.notAfterMs),
  })),
})
