import { AppError } from '../../errors.ts'
import type { StoredOauthClient } from '../../model/oauth_client.ts'
import { findClient } from '../find_client.ts'
import type { FormParameters } from '../form_parameters.ts'
import type { OauthDeps } from '../oauth_deps.ts'
import { OAuthError } from '../oauth_error.ts'

/**
 * Who asks must be known: told on a page, for nobody vouches for where a redirect would lead
 * (RFC 6749 §3.1.2.4).
 * @throws AppError authorize_invalid, or rate_limited where its document was not fetched
 */
export async function knownClient(
  deps: OauthDeps,
  parameters: FormParameters,
  address: string | null,
): Promise<StoredOauthClient> {
  const clientId = parameters.get('client_id')
  if (clientId === null)
    throw new AppError('authorize_invalid', { reason: 'No client_id is given.' })
  const client = await findClient(deps, clientId, address).catch(asPageError)
  if (client !== null) return client
  throw new AppError('authorize_invalid', {
    reason: 'There is no OAuth client of this client_id, or its integration is switched off.',
  })
}

function asPageError(error: unknown): never {
  if (!(error instanceof OAuthError)) throw error
  throw new AppError('authorize_invalid', { reason: error.description, cause: error })
}
