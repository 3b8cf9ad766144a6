import type { JsonObject, JsonValue } from '../lib/json.ts'
import { cleanClientName } from '../model/client_name.ts'
import { type ClientAuthMethod, clientAuthMethods } from '../model/oauth_client.ts'
import { maxRedirectUris, redirectUriFault } from '../model/redirect_uri.ts'
import { OAuthError } from './oauth_error.ts'

/** What of a registration is kept. */
export interface ClientMetadata {
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly authMethod: ClientAuthMethod
}

/**
 * Reads the metadata of a client that registers (RFC 7591 §2); what is not understood is ignored, as
 * the RFC has it.
 * @throws OAuthError invalid_redirect_uri or invalid_client_metadata
 */
export function readClientMetadata(json: JsonObject): ClientMetadata {
  requireSupported(json.grant_types, 'grant_types', 'authorization_code')
  requireSupported(json.response_types, 'response_types', 'code')
  const { client_name: name = '' } = json
  if (typeof name !== 'string') throw invalid('client_name is not a string')
  return {
    name: cleanClientName(name),
    redirectUris: readRedirectUris(json.redirect_uris),
    authMethod: readAuthMethod(json.token_endpoint_auth_method),
  }
}

function requireSupported(value: JsonValue | undefined, name: string, needed: string): void {
  if (value === undefined || (Array.isArray(value) && value.includes(needed))) return
  throw invalid(`${name} is not a list with ${needed} in it`)
}

/** Without a word about it a client has a secret (RFC 7591 §2). */
function readAuthMethod(value: JsonValue = 'client_secret_basic'): ClientAuthMethod {
  const method = clientAuthMethods.find((one) => one === value)
  if (method !== undefined) return method
  throw invalid(`token_endpoint_auth_method is none of ${clientAuthMethods.join(', ')}`)
}

function readRedirectUris(value: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw wrongRedirect('redirect_uris is not a list of at least one URI')
  }
  if (value.length > maxRedirectUris) {
    throw wrongRedirect(`redirect_uris has more than ${maxRedirectUris} URIs`)
  }
  return value.map((uri, index) => {
    if (typeof uri !== 'string') throw wrongRedirect(`redirect_uris ${index} is not a string`)
    const fault = redirectUriFault(uri)
    if (fault === null) return uri
    throw wrongRedirect(`redirect_uris ${index} ${fault}`)
  })
}

const invalid = (description: string) => new OAuthError('invalid_client_metadata', description)
const wrongRedirect = (description: string) => new OAuthError('invalid_redirect_uri', description)
