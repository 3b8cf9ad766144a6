import { randomBytes } from 'node:crypto'
import { clientSecretPrefix, newToken } from '../crypto/opaque_token.ts'
import { addressGroup } from '../lib/address_group.ts'
import { Allowances } from '../lib/allowances.ts'
import type { Clock } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import type { OauthClient } from '../model/oauth_client.ts'
import type { Database } from '../store/database.ts'
import {
  countUnusedClients,
  deleteUnusedClients,
  insertOauthClient,
  type NewOauthClient,
} from '../store/oauth_client_store.ts'
import { listRegistrationRules } from '../store/registration_store.ts'
import { type ClientMetadata, readClientMetadata } from './client_metadata.ts'
import { OAuthError } from './oauth_error.ts'
import { type RegistrationDoor, registrationDoor } from './registration_door.ts'

const maxUnusedClients = 1_000
const unusedForMs = 24 * 60 * 60_000
const perAddress = { count: 20, periodMs: 60 * 60_000 }

/** A client that has just registered, with its secret at the one moment its text is known. */
export interface RegisteredClient {
  readonly client: OauthClient
  /** Null for a public client. */
  readonly secret: string | null
}

/** What registering needs of the house. */
export interface RegistrationDeps {
  readonly database: Database
  readonly clock: Clock
}

/**
 * Dynamic client registration (RFC 7591), as far as some project's policy is open to it: 20 an hour
 * from one address, 1,000 clients that nobody has used; those are gone after a day (reliability.md
 * cases 94, 125, 126). Managing a registration (RFC 7592) is not offered (case 127).
 */
export class ClientRegistration {
  private readonly deps: RegistrationDeps
  private readonly ofAddress = new Allowances(perAddress)

  constructor(deps: RegistrationDeps) {
    this.deps = deps
  }

  /** Who may register now; `off` is what keeps the endpoint out of the metadata. */
  async door(): Promise<RegistrationDoor> {
    return registrationDoor(await this.deps.database.read(listRegistrationRules))
  }

  /**
   * Registers a client.
   * @param address where the request came from; null on the machine itself, which is not held back
   * @throws OAuthError access_denied, invalid_redirect_uri, invalid_client_metadata, or
   * temporarily_unavailable with 429 - nothing was kept
   */
  async register(json: JsonObject, address: string | null): Promise<RegisteredClient> {
    const door = await this.door()
    if (door.mode === 'off') {
      throw new OAuthError('access_denied', 'Clients cannot register here')
    }
    const metadata = readClientMetadata(json)
    if (door.mode === 'limited') requireAllowed(metadata, door.redirectUris)
    this.admit(address)
    const token = metadata.authMethod === 'none' ? null : newToken(clientSecretPrefix)
    const client = await this.insert({
      ...metadata,
      clientId: `mcp_${randomBytes(18).toString('base64url')}`,
      kind: 'registered',
      integrationId: null,
      secret: token,
      nowMs: this.deps.clock.nowMs(),
    })
    return { client, secret: token?.token ?? null }
  }

  private admit(address: string | null): void {
    const nowMs = this.deps.clock.monotonicMs()
    const seconds = address === null ? 0 : this.ofAddress.take(addressGroup(address), nowMs)
    if (seconds > 0) throw tooMany('Too many clients registered from this address', seconds)
  }

  private async insert(client: NewOauthClient): Promise<OauthClient> {
    const inserted = await this.deps.database.write(function* () {
      yield* deleteUnusedClients(client.nowMs - unusedForMs)
      if ((yield* countUnusedClients()) >= maxUnusedClients) return null
      return yield* insertOauthClient(client)
    })
    if (inserted !== null) return inserted
    throw tooMany('Too many clients are registered that nobody uses', 60 * 60)
  }
}

/** As exactly as the policy is held to when people connect: port and path included (wire.md §8). */
function requireAllowed({ redirectUris }: ClientMetadata, allowed: readonly string[]): void {
  if (redirectUris.every((uri) => allowed.includes(uri))) return
  throw new OAuthError('invalid_redirect_uri', 'redirect_uri is not allowed')
}

const tooMany = (description: string, retryAfterSeconds: number) =>
  new OAuthError('temporarily_unavailable', description, { status: 429, retryAfterSeconds })
