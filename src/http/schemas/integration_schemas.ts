import { z } from '@hono/zod-openapi'
import type { IntegrationChange, IntegrationInput } from '../../manage/integrations.ts'
import type { Integration } from '../../model/integration.ts'
import { apiKeyPermissions } from '../../model/principal.ts'
import {
  callsPerMinute,
  givenOf,
  moment,
  momentOf,
  momentOrNull,
  nameField,
} from './common_schemas.ts'

const permissions = z.array(z.enum(apiKeyPermissions)).min(1)

const limit = callsPerMinute.meta({
  description: 'Tool calls with the key and with its session tokens together; null for no limit.',
})

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
      calls_per_minute: callsPerMinute.nullable(),
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
    calls_per_minute: limit.nullable().default(null),
  })
  .openapi('NewIntegration')

/** What of an integration to change. */
export const integrationChangeSchema = z
  .strictObject({
    name: nameField.optional(),
    is_active: z.boolean().optional(),
    calls_per_minute: limit.nullable().optional(),
  })
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
      calls_per_minute: apiKey.callsPerMinute,
    },
    created_at: momentOf(integration.createdAtMs),
  }
}

/** Reads an integration to create. */
export function integrationInputOf(json: z.infer<typeof newIntegrationSchema>): IntegrationInput {
  const { project_id, name, permissions, expires_at, calls_per_minute } = json
  return {
    projectId: project_id ?? null,
    name,
    permissions,
    expiresAtMs: expires_at === null ? null : Date.parse(expires_at),
    callsPerMinute: calls_per_minute,
  }
}

/** Reads what of an integration changes; what is absent stays. */
export function integrationChangeOf(
  json: z.infer<typeof integrationChangeSchema>,
): IntegrationChange {
  const { name, is_active, calls_per_minute } = json
  return givenOf({ name, isActive: is_active, callsPerMinute: calls_per_minute })
}
