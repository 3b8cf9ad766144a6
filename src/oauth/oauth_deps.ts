import type { MasterKey } from '../crypto/master_key.ts'
import type { Logger } from '../log.ts'
import type { ClientDeps } from './client_deps.ts'

/** What the authorization server needs of the house. */
export interface OauthDeps extends ClientDeps {
  readonly masterKey: MasterKey
  readonly logger: Logger
  /** The issuer: an origin, never taken from a request (case 134). Known once the server listens. */
  readonly publicUrl: () => string
}
