import { z } from '@hono/zod-openapi'
import type { Connection } from '../../manage/connections.ts'
import { moment, momentOf, momentOrNull } from './common_schemas.ts'

/** A connection's id in a path. */
export const connectionParam = z.object({
  id: z
    .string()
    .max(64)
    .openapi({
      param: { name: 'id', in: 'path' },
      example: '0197e3a0-0000-7000-8000-000000000001',
    }),
})

/** A connection in answers. */
export const connectionSchema = z
  .object({
    id: z.uuid(),
    project_id: z.int(),
    client: z.object({ id: z.string(), name: z.string().nullable() }),
    user: z
      .object({ id: z.int(), email: z.string(), name: z.string().nullable() })
      .nullable()
      .meta({ description: 'null where a client acts for itself.' }),
    state: z.enum(['active', 'stopped', 'revoked', 'expired']).meta({
      description:
        '`stopped`: refused for now, by the policy, its person, its client or its integration.',
    }),
    reason: z.string().nullable().meta({ description: 'Why it is not active.' }),
    scopes: z
      .array(z.string())
      .meta({ description: 'What it may use at this moment, as the policy leaves it.' }),
    granted_scopes: z.array(z.string()),
    resource: z.string(),
    created_at: moment,
    expires_at: moment,
    last_used_at: moment.nullable().meta({ description: 'To the minute.' }),
    last_address: z.string().nullable(),
    revoked_at: moment.nullable(),
  })
  .openapi('Connection')

/** Which connections to end. */
export const revokeConnectionsSchema = z
  .strictObject({
    project_id: z
      .int()
      .positive()
      .optional()
      .meta({ description: 'Required with an admin token; an API key implies its project.' }),
    user_id: z.int().positive().optional().meta({ description: 'Those of this person only.' }),
    client_id: z
      .string()
      .min(1)
      .max(2_000)
      .optional()
      .meta({ description: 'Those of this OAuth client only.' }),
  })
  .openapi('RevokeConnections')

/** Writes a connection as the API shows it. */
export function connectionJson({ grant, user, clientName, userName, ...rest }: Connection) {
  return {
    id: grant.id,
    project_id: grant.projectId,
    client: { id: grant.clientId, name: clientName },
    user: user && { id: user.id, email: user.email, name: userName },
    state: rest.state,
    reason: rest.because,
    scopes: [...rest.scopes],
    granted_scopes: [...grant.scopes],
    resource: grant.resource,
    created_at: momentOf(grant.createdAtMs),
    expires_at: momentOf(grant.expiresAtMs),
    last_used_at: momentOrNull(grant.lastUsedAtMs),
    last_address: grant.lastAddress,
    revoked_at: momentOrNull(grant.revokedAtMs),
  }
}
