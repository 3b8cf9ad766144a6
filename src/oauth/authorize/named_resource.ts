import type { FormParameters } from '../form_parameters.ts'
import { OAuthError } from '../oauth_error.ts'
import { type Resource, readResource, resourceOf } from '../resource.ts'

/**
 * Tokens are for an MCP URL of this server: the one named, else the one all projects share (RFC 8707
 * §2; case 105). @throws OAuthError invalid_target
 */
export function namedResource(
  publicUrl: string,
  parameters: FormParameters,
): { readonly resource: Resource; readonly namesResource: boolean } {
  const text = parameters.get('resource')
  if (text === null) return { resource: resourceOf(publicUrl, null), namesResource: false }
  const resource = readResource(publicUrl, text)
  if (resource !== null) return { resource, namesResource: true }
  throw new OAuthError('invalid_target', 'resource is not an MCP URL of this server')
}
