import { idJagProfile } from '../crypto/id_jag.ts'
import { signingAlgorithm } from '../crypto/signing_key.ts'
import { hasPinnedDocument } from '../store/oauth_client_store.ts'
import { supportedGrantTypes } from './grant_types.ts'
import type { OauthDeps } from './oauth_deps.ts'
import { oauthPaths } from './oauth_paths.ts'
import { resourceOf } from './resource.ts'

/** What of the authorization server can be used at this moment. */
export interface Usable {
  /** Whether some policy lets clients register (RFC 7591). */
  readonly registration: boolean
  /** Whether a client should name the URL of a metadata document. */
  readonly documents: boolean
}

const secretMethods = ['client_secret_basic', 'client_secret_post']

/** The authorization server's metadata as it is now (RFC 8414 §2). */
export async function readServerMetadata(deps: OauthDeps): Promise<ServerMetadata> {
  const { mode } = await deps.registration.door()
  const registration = mode !== 'off'
  const documents = deps.documents.areFetched || (!registration && (await anyPinned(deps)))
  return serverMetadata(deps.publicUrl(), { registration, documents })
}

// Clients prefer documents wherever they are announced. Where none is fetched, one that is not pinned
// would fail, so it is let register; pinned ones are announced when nobody can.
const anyPinned = ({ database }: OauthDeps) => database.read(hasPinnedDocument)

/** A metadata document. */
export type ServerMetadata = Readonly<Record<string, string | boolean | readonly string[]>>

/**
 * The authorization server's metadata (RFC 8414 §2, RFC 9207 §3, RFC 7636 §6.2). The issuer is the
 * public URL and nothing that a request says (case 134). No `scopes_supported`: clients ask for all of
 * what they find there (protocol.md §5).
 */
export function serverMetadata(publicUrl: string, usable: Usable): ServerMetadata {
  return {
    issuer: publicUrl,
    authorization_endpoint: publicUrl + oauthPaths.authorize,
    token_endpoint: publicUrl + oauthPaths.token,
    revocation_endpoint: publicUrl + oauthPaths.revoke,
    introspection_endpoint: publicUrl + oauthPaths.introspect,
    ...(usable.registration ? { registration_endpoint: publicUrl + oauthPaths.register } : {}),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: supportedGrantTypes,
    authorization_grant_profiles_supported: [idJagProfile],
    token_endpoint_auth_methods_supported: ['none', ...secretMethods],
    revocation_endpoint_auth_methods_supported: ['none', ...secretMethods],
    introspection_endpoint_auth_methods_supported: secretMethods,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    ...(usable.documents ? { client_id_metadata_document_supported: true } : {}),
    service_documentation: `${publicUrl}/docs`,
    // What OpenID Connect Discovery §3 wants beside; there are no ID tokens to be had.
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [signingAlgorithm],
  }
}

/** The metadata of an MCP URL (RFC 9728 §2); `scopes_supported` is left out for the same reason. */
export function resourceMetadata(publicUrl: string, slug: string | null): ServerMetadata {
  return {
    resource: resourceOf(publicUrl, slug).url,
    authorization_servers: [publicUrl],
    bearer_methods_supported: ['header'],
    resource_name: 'Gatehouse',
    resource_documentation: `${publicUrl}/docs`,
  }
}
