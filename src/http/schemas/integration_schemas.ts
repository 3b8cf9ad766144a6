import { z } from '@hono/zod-openapi'
import type { Integration } from '../../model/integration.ts'
import { apiKeyPermissions } from '../../model/principal.ts'
import { moment, momentOf, momentOrNull, nameField } from './common_schemas.ts'

const permissions = z.array(z.enum(apiKeyPermissions)).min(1)

/** An integration in answers. */
export const integrationSchema = z
  .object({
    id: z.int(),
    project_id: z.int(),
    name: z.string(),
    kind: z.enum(['api_key']),
    is_active: z.boolean(),
    api_key: z.object({
      last4: z.string(),
      permissions,
      created_at: moment,
      expires_at: moment.nullable(),
    }),
    created_at: moment,
  })
  .openapi('Integration')

/** An integration with its key in full: only where the key was just made. */
export const integrationWithKeySchema = z
  .object({
    integration: integrationSchema,
    api_key: z.string().meta({ description: 'Shown this once; only its hash is kept.' }),
  })
  .openapi('IntegrationWithKey')

/** An integration to create. */
export const newIntegrationSchema = z
  .strictObject({
    project_id: z.int().positive().optional(),
    name: nameField,
    kind: z.enum(['api_key']).default('api_key'),
    permissions: permissions.default([...apiKeyPermissions]),
    expires_at: moment.nullable().default(null),
  })
  .openapi('NewIntegration')

/** What of an integration to change. */
export const integrationChangeSchema = z
  .strictObject({ name: nameField.optional(), is_active: z.boolean().optional() })
  .openapi('IntegrationChange')

/** Writes an integration as the API shows it. */
export function integrationJson(integration: Integration) {
  const { apiKey } = integration
  return {
    id: integration.id,
    project_id: integration.projectId,
    name: integration.name,
    kind: integration.kind,
    is_active: integration.isActive,
    api_key: {
      last4: apiKey.last4,
      permissions: [...apiKey.permissions],
      created_at: momentOf(apiKey.createdAtMs),
      expires_at: momentOrNull(apiKey.expiresAtMs),
    },
    created_at: momentOf(integration.createdAtMs),
  }
}
