import { z } from '@hono/zod-openapi'
import { AppError } from '../../errors.ts'
import type {
  ClientIntegrationInput,
  IntegrationWithSecret,
} from '../../manage/client_integrations.ts'
import type { IntegrationChange, IntegrationInput } from '../../manage/integrations.ts'
import { type Integration, integrationKinds } from '../../model/integration.ts'
import { apiKeyPermissions } from '../../model/principal.ts'
import { maxRedirectUriLength, maxRedirectUris } from '../../model/redirect_uri.ts'
import type { UsageLimits } from '../../model/usage_limit.ts'
import {
  callsPerMinute,
  givenOf,
  moment,
  momentOf,
  momentOrNull,
  nameField,
} from './common_schemas.ts'
import {
  usageLimitsChangeSchema,
  usageLimitsJson,
  usageLimitsSchema,
} from './usage_limit_schemas.ts'

const permissions = z.array(z.enum(apiKeyPermissions)).min(1)

const limit = callsPerMinute.meta({
  description: 'Tool calls with the key and with its session tokens together; null for no limit.',
})

const redirectUris = z
  .array(z.string().min(1).max(maxRedirectUriLength))
  .min(1)
  .max(maxRedirectUris)

const apiKey = z.object({
  last4: z.string(),
  permissions,
  created_at: moment,
  expires_at: moment.nullable(),
  calls_per_minute: callsPerMinute.nullable(),
})

const oauthClient = z.object({
  client_id: z.string(),
  secret_last4: z.string(),
  redirect_uris: redirectUris,
  previous_secret_expires_at: moment
    .nullable()
    .meta({ description: 'Until when the secret before this one counts too.' }),
})

/** An integration in answers. */
export const integrationSchema = z
  .object({
    id: z.int(),
    project_id: z.int(),
    name: z.string(),
    kind: z.enum(integrationKinds).meta({
      description: '`sign_in` stands for the clients people sign in with; one per project.',
    }),
    is_active: z.boolean(),
    api_key: apiKey.nullable().meta({ description: 'Of kind `api_key` alone.' }),
    oauth_client: oauthClient.nullable().meta({ description: 'Of kind `oauth_client` alone.' }),
    limits: usageLimitsSchema,
    created_at: moment,
  })
  .openapi('Integration')

/** An integration with its credential in full: only where that was just made. */
export const integrationWithKeySchema = z
  .object({
    integration: integrationSchema,
    api_key: z
      .string()
      .optional()
      .meta({ description: 'Of kind `api_key`. Shown this once; only its hash is kept.' }),
    client_id: z.string().optional().meta({ description: 'Of kind `oauth_client`.' }),
    client_secret: z
      .string()
      .optional()
      .meta({ description: 'Of kind `oauth_client`. Shown this once; only its hash is kept.' }),
    mcp_url: z.string().optional().meta({ description: 'What an OAuth client connects to.' }),
  })
  .openapi('IntegrationWithKey')

/** An integration to create. */
export const newIntegrationSchema = z
  .strictObject({
    project_id: z.int().positive().optional(),
    name: nameField,
    kind: z.enum(['api_key', 'oauth_client']).default('api_key'),
    permissions: permissions.optional().meta({ description: 'Of an API key; all unless told.' }),
    expires_at: moment.nullable().optional().meta({ description: 'Of an API key; null is never.' }),
    calls_per_minute: limit.nullable().optional(),
    redirect_uris: redirectUris.optional().meta({
      description: "Of an OAuth client; Claude's own two unless told.",
    }),
  })
  .openapi('NewIntegration')

/** What of an integration to change. */
export const integrationChangeSchema = z
  .strictObject({
    name: nameField.optional(),
    is_active: z.boolean().optional(),
    calls_per_minute: limit.nullable().optional(),
    redirect_uris: redirectUris.optional(),
    limits: usageLimitsChangeSchema.optional(),
  })
  .openapi('IntegrationChange')

/** How to replace a credential. */
export const rotationSchema = z
  .strictObject({
    overlap_seconds: z.int().min(0).max(2_592_000).optional().meta({
      description: "How long an OAuth client's old secret goes on counting; 0 unless told.",
    }),
  })
  .openapi('CredentialRotation')

/** Writes an integration as the API shows it. */
export function integrationJson(integration: Integration, limits: UsageLimits) {
  const { apiKey, oauthClient } = integration
  return {
    id: integration.id,
    project_id: integration.projectId,
    name: integration.name,
    kind: integration.kind,
    is_active: integration.isActive,
    api_key: apiKey && {
      last4: apiKey.last4,
      permissions: [...apiKey.permissions],
      created_at: momentOf(apiKey.createdAtMs),
      expires_at: momentOrNull(apiKey.expiresAtMs),
      calls_per_minute: apiKey.callsPerMinute,
    },
    oauth_client: oauthClient && {
      client_id: oauthClient.clientId,
      secret_last4: oauthClient.last4,
      redirect_uris: [...oauthClient.redirectUris],
      previous_secret_expires_at: momentOrNull(oauthClient.previousSecretUntilMs),
    },
    limits: usageLimitsJson(limits),
    created_at: momentOf(integration.createdAtMs),
  }
}

/** Writes an integration with the credential it was just given. */
export function integrationWithKeyJson(made: IntegrationWithSecret, limits: UsageLimits) {
  const { integration, apiKey, client } = made
  return {
    integration: integrationJson(integration, limits),
    ...givenOf({
      api_key: apiKey ?? undefined,
      client_id: client?.clientId,
      client_secret: client?.clientSecret,
      mcp_url: client?.mcpUrl,
    }),
  }
}

/** Reads an integration to create: one with an API key, or one that is an OAuth client. */
export function integrationInputOf(
  json: z.infer<typeof newIntegrationSchema>,
): { apiKey: IntegrationInput } | { oauthClient: ClientIntegrationInput } {
  const { project_id: projectId = null, name, kind, redirect_uris, ...keyTerms } = json
  const { permissions = apiKeyPermissions, expires_at = null, calls_per_minute = null } = keyTerms
  if (kind === 'oauth_client') {
    refuseFields(Object.keys(keyTerms), 'is a field of kind api_key')
    return { oauthClient: { projectId, name, redirectUris: redirect_uris ?? null } }
  }
  if (redirect_uris !== undefined)
    refuseFields(['redirect_uris'], 'is a field of kind oauth_client')
  const expiresAtMs = expires_at === null ? null : Date.parse(expires_at)
  return { apiKey: { projectId, name, permissions, expiresAtMs, callsPerMinute: calls_per_minute } }
}

function refuseFields(names: readonly string[], message: string): void {
  if (names.length === 0) return
  const errors = names.map((name) => ({ pointer: `/${name}`, message }))
  throw new AppError('validation_failed', { errors })
}

/** Reads what of an integration changes; what is absent stays. */
export function integrationChangeOf(
  json: z.infer<typeof integrationChangeSchema>,
): IntegrationChange {
  const { name, is_active, calls_per_minute, redirect_uris } = json
  return givenOf({
    name,
    isActive: is_active,
    callsPerMinute: calls_per_minute,
    redirectUris: redirect_uris,
  })
}
