import { z } from '@hono/zod-openapi'
import type { AdminToken } from '../../model/admin_token.ts'
import { moment, momentOf, momentOrNull, nameField } from './common_schemas.ts'

/** An admin token in answers. */
export const adminTokenSchema = z
  .object({
    id: z.int(),
    project_id: z.int().nullable().meta({ description: 'null: the whole instance.' }),
    name: z.string(),
    last4: z.string(),
    created_at: moment,
    expires_at: moment.nullable(),
  })
  .openapi('AdminToken')

/** An admin token with its text: only where it was just made. */
export const createdAdminTokenSchema = z
  .object({
    admin_token: adminTokenSchema,
    token: z.string().meta({ description: 'Shown this once; only its hash is kept.' }),
  })
  .openapi('CreatedAdminToken')

/** An admin token to create. */
export const newAdminTokenSchema = z
  .strictObject({
    name: nameField,
    project_id: z.int().positive().nullable().default(null),
    expires_at: moment.nullable().default(null),
  })
  .openapi('NewAdminToken')

/** Writes an admin token as the API shows it. */
export function adminTokenJson(token: AdminToken) {
  return {
    id: token.id,
    project_id: token.projectId,
    name: token.name,
    last4: token.last4,
    created_at: momentOf(token.createdAtMs),
    expires_at: momentOrNull(token.expiresAtMs),
  }
}
