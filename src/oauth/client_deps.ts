import type { Clock } from '../lib/clock.ts'
import type { Database } from '../store/database.ts'
import type { ClientDocuments } from './client_document.ts'
import type { ClientThrottle } from './client_throttle.ts'
import type { ClientRegistration } from './register_client.ts'

/** What knowing OAuth clients needs of the house. */
export interface ClientDeps {
  readonly database: Database
  readonly clock: Clock
  readonly documents: ClientDocuments
  readonly throttle: ClientThrottle
  readonly registration: ClientRegistration
}
