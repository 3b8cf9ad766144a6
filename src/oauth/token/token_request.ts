import type { StoredOauthClient } from '../../model/oauth_client.ts'
import type { FormParameters } from '../form_parameters.ts'

/** A request at the token endpoint whose client is known. */
export interface TokenRequest {
  readonly client: StoredOauthClient
  readonly form: FormParameters
  /** Where it comes from; null on the machine itself. */
  readonly address: string | null
}
