import { createRoute, z } from '@hono/zod-openapi'
import { type MintedSession, mintSessionToken } from '../../access/mint_session_token.ts'
import { isJsonObject } from '../../lib/json.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { moment, momentOf } from '../schemas/common_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

/** Where session tokens are minted, under `/api/v1`. */
export const sessionTokenPath = '/mcp/session-token'

const requestSchema = z
  .strictObject({
    member_assertion: z.string().optional().meta({ description: 'A signed JWT.' }),
    member_external_id: z
      .string()
      .optional()
      .meta({ description: 'Only where the operator allows unverified members.' }),
  })
  .openapi('SessionTokenRequest')

const sessionTokenSchema = z
  .object({
    token: z.string().meta({ description: '`tng_mst_…`; a bearer token for `/mcp`.' }),
    expires_in_minutes: z.int(),
    expires_at: moment,
    token_type: z.literal('Bearer'),
  })
  .openapi('SessionToken')

const mint = createRoute({
  method: 'post',
  path: sessionTokenPath,
  operationId: 'mintSessionToken',
  tags: ['Session tokens'],
  summary: 'Exchange a member assertion for a session token',
  description: 'With an API key (`tengine_…`) that carries `sessions.mint`.',
  security: secured,
  request: { body: jsonBody(requestSchema) },
  responses: { 200: json(sessionTokenSchema, 'The session token.'), ...problems },
})

/** `POST /mcp/session-token` (wire.md §3). */
export function sessionTokenRoutes({ access, logger }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  // Described but not validated: what is missing or wrong is told in the exchange's literal words.
  router.openAPIRegistry.registerPath(mint)
  router.post(sessionTokenPath, async (c) => {
    const exact = c.get('exactBody')
    const body = isJsonObject(exact) ? exact : {}
    const minted = await mintSessionToken(access, c.get('minter'), {
      memberAssertion: body.member_assertion,
      memberExternalId: body.member_external_id,
    })
    logger[minted.isVerified ? 'debug' : 'warn'](...logLine(minted))
    return c.json(
      {
        token: minted.token,
        expires_in_minutes: minted.expiresInMinutes,
        expires_at: momentOf(minted.expiresAtMs),
        token_type: 'Bearer',
      },
      200,
    )
  })
  return router
}

const logLine = ({ isVerified, projectId, integrationId, memberId }: MintedSession) =>
  [
    isVerified ? 'session_token_minted' : 'unverified_session_token_minted',
    { project_id: projectId, integration_id: integrationId, member_id: memberId },
  ] as const
