import { z } from '@hono/zod-openapi'
import type { AffectedConnection, PolicyChange, PolicyPreview } from '../../manage/policy.ts'
import { grantFaultTexts } from '../../model/grant_standing.ts'
import { type Policy, registrationModes, type Scope, scopePattern } from '../../model/policy.ts'
import { redirectUriFault } from '../../model/redirect_uri.ts'
import { givenOf, proseField } from './common_schemas.ts'

/** The name of a scope; `ALL` is every one. */
export const scopeName = z.string().regex(scopePattern)

const redirectUri = z.string().superRefine((uri, context) => {
  const message = redirectUriFault(uri)
  if (message !== null) context.addIssue({ code: 'custom', message })
})

const clientId = z
  .string()
  .max(2_000)
  .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII (RFC 6749 §A.1)')

const fields = {
  is_mcp_enabled: z.boolean().meta({
    description: 'Off: `/mcp` refuses every credential of the project with `mcp_disabled`.',
  }),
  allowed_redirect_uris: z.array(redirectUri).max(200).meta({
    description:
      'Where an authorization may lead, exactly, port and path included. Empty: whatever the client registered.',
  }),
  allowed_client_ids: z
    .array(clientId)
    .max(200)
    .meta({ description: 'Which OAuth clients may connect. Empty: any.' }),
  policy_scopes: z.array(scopeName).max(200).meta({
    description: 'The most that may be granted, now and later. Empty: every scope.',
  }),
  challenge_scopes: z.array(scopeName).max(32).meta({
    description:
      "What the 401 of the project's own MCP URL suggests to ask for; anyone may read it there. Empty: nothing, and people choose among all that may be granted.",
  }),
  registration_mode: z
    .enum(registrationModes)
    .meta({ description: 'Whether unknown clients may register themselves (RFC 7591).' }),
  access_token_minutes: z.int().min(1).max(1_440),
  refresh_token_days: z.int().min(1).max(365),
}

/** A policy in answers. */
export const policySchema = z
  .object({ project_id: z.int(), ...fields, allowed_redirect_uris: z.array(z.string()) })
  .openapi('Policy')

/** What of a policy to change. */
export const policyChangeSchema = z.strictObject(fields).partial().openapi('PolicyChange')

/** What a change would do. */
export const policyPreviewSchema = z
  .object({
    working: z.int().meta({ description: 'How many connections of the project work now.' }),
    stopped: z.int().meta({ description: 'How many of them would be refused.' }),
    narrowed: z.int().meta({ description: 'How many would go on with fewer scopes.' }),
    connections: z
      .array(
        z.object({
          id: z.uuid(),
          client: z.object({ id: z.string(), name: z.string().nullable() }),
          user: z
            .object({ id: z.int(), email: z.string(), name: z.string().nullable() })
            .nullable(),
          is_stopped: z.boolean(),
          reason: z.string().nullable(),
          lost_scopes: z.array(z.string()),
        }),
      )
      .meta({ description: 'Those that would be stopped or narrowed, newest first; 200 at most.' }),
  })
  .openapi('PolicyPreview')

/** A scope in answers. */
export const scopeSchema = z
  .object({
    project_id: z.int(),
    name: z.string(),
    description: z.string().meta({ description: 'Shown to people who approve a connection.' }),
  })
  .openapi('Scope')

/** A scope to add or describe. */
export const newScopeSchema = z
  .strictObject({ name: scopeName, description: proseField(500).default('') })
  .openapi('NewScope')

/** Writes a policy as the API shows it. */
export const policyJson = (policy: Policy) => ({
  project_id: policy.projectId,
  is_mcp_enabled: policy.isMcpEnabled,
  allowed_redirect_uris: [...policy.allowedRedirectUris],
  allowed_client_ids: [...policy.allowedClientIds],
  policy_scopes: [...policy.policyScopes],
  challenge_scopes: [...policy.challengeScopes],
  registration_mode: policy.registrationMode,
  access_token_minutes: policy.accessTokenMinutes,
  refresh_token_days: policy.refreshTokenDays,
})

/** Reads what of a policy changes; what is absent stays. */
export function policyChangeOf(json: z.infer<typeof policyChangeSchema>): PolicyChange {
  return givenOf({
    isMcpEnabled: json.is_mcp_enabled,
    allowedRedirectUris: json.allowed_redirect_uris,
    allowedClientIds: json.allowed_client_ids,
    policyScopes: json.policy_scopes,
    challengeScopes: json.challenge_scopes,
    registrationMode: json.registration_mode,
    accessTokenMinutes: json.access_token_minutes,
    refreshTokenDays: json.refresh_token_days,
  })
}

/** Writes what a change would do as the API shows it. */
export const policyPreviewJson = (preview: PolicyPreview) => ({
  working: preview.workingCount,
  stopped: preview.stoppedCount,
  narrowed: preview.narrowedCount,
  connections: preview.affected.map(affectedJson),
})

const affectedJson = ({ standing, names, fault, lostScopes }: AffectedConnection) => ({
  id: standing.grantId,
  client: { id: standing.clientId, name: names.clientName },
  user: standing.user && {
    id: standing.user.id,
    email: standing.user.email,
    name: names.userName,
  },
  is_stopped: fault !== null,
  reason: fault === null ? null : grantFaultTexts[fault],
  lost_scopes: [...lostScopes],
})

/** Writes a scope as the API shows it. */
export const scopeJson = ({ projectId, name, description }: Scope) => ({
  project_id: projectId,
  name,
  description,
})
