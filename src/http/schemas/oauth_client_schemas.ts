import { z } from '@hono/zod-openapi'
import {
  clientAuthMethods,
  isLoopbackRedirect,
  oauthClientKinds,
  type StoredOauthClient,
} from '../../model/oauth_client.ts'
import { isPrivateSchemeRedirect } from '../../model/redirect_uri.ts'
import { moment, momentOf, momentOrNull } from './common_schemas.ts'

/** What an administrator should know of where a client wants to be answered. */
const warnings = ['loopback_only', 'private_scheme', 'unverified'] as const

/** An OAuth client in answers. */
export const oauthClientSchema = z
  .object({
    id: z.int(),
    client_id: z.string(),
    kind: z.enum(oauthClientKinds).meta({
      description:
        'Made with an `integration`; `registered` by itself; or known by the `document` its client id is the URL of.',
    }),
    integration_id: z.int().nullable(),
    project_id: z.int().nullable().meta({ description: 'Of an integration alone.' }),
    name: z.string().meta({ description: 'What it calls itself; nobody has checked it.' }),
    redirect_uris: z.array(z.string()),
    token_endpoint_auth_method: z.enum(clientAuthMethods),
    secret_last4: z.string().nullable(),
    verified_host: z.string().nullable().meta({ description: "The host of a document's URL." }),
    is_pinned: z.boolean().meta({ description: 'Its document is never fetched.' }),
    document_expires_at: moment.nullable().meta({ description: 'When it is fetched again.' }),
    is_active: z.boolean(),
    warnings: z.array(z.enum(warnings)),
    created_at: moment,
    last_used_at: moment.nullable(),
  })
  .openapi('OauthClient')

/** A client metadata document to put in place. */
export const pinSchema = z
  .strictObject({
    client_id: z.string().min(1).max(1_000).meta({ description: "The document's URL." }),
    document: z.record(z.string(), z.unknown()).optional().meta({
      description: 'The document itself; fetched this once where it is left out.',
    }),
  })
  .openapi('PinOauthClient')

/** Writes an OAuth client as the API shows it: never its secret's hash. */
export function oauthClientJson(client: StoredOauthClient) {
  return {
    id: client.id,
    client_id: client.clientId,
    kind: client.kind,
    integration_id: client.integrationId,
    project_id: client.projectId,
    name: client.name,
    redirect_uris: [...client.redirectUris],
    token_endpoint_auth_method: client.authMethod,
    secret_last4: client.secretLast4,
    verified_host: client.verifiedHost,
    is_pinned: client.isPinned,
    document_expires_at: momentOrNull(client.documentExpiresAtMs),
    is_active: client.isActive,
    warnings: warningsOf(client),
    created_at: momentOf(client.createdAtMs),
    last_used_at: momentOrNull(client.lastUsedAtMs),
  }
}

function warningsOf({ kind, redirectUris }: StoredOauthClient): (typeof warnings)[number][] {
  const holds = {
    loopback_only: redirectUris.every(isLoopbackRedirect),
    private_scheme: redirectUris.some(isPrivateSchemeRedirect),
    unverified: kind === 'registered',
  }
  return warnings.filter((warning) => holds[warning])
}
