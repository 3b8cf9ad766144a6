import { timingSafeEqual } from 'node:crypto'
import { hashPresentedToken } from '../crypto/opaque_token.ts'
import type { ClientAuthMethod, StoredOauthClient } from '../model/oauth_client.ts'
import { findOauthClient } from '../store/oauth_client_store.ts'
import type { ClientDeps } from './client_deps.ts'
import type { FormParameters } from './form_parameters.ts'
import { OAuthError } from './oauth_error.ts'

/** What a client presents at the token, revocation and introspection endpoints. */
export interface ClientCredentials {
  /** The Authorization header. */
  readonly authorization: string | null
  readonly form: Pick<FormParameters, 'get'>
}

interface Presented {
  readonly clientId: string
  readonly method: ClientAuthMethod
  readonly secret: string | null
}

/**
 * Who a client is: by `client_secret_basic`, `client_secret_post`, or its mere id where it is a public
 * one (RFC 6749 §2.3, OAuth 2.1 §2.4; reliability.md cases 120, 121). Documents are not fetched here:
 * whoever holds a code or token of such a client was seen when it was given.
 * @throws OAuthError invalid_client - 401, or 429 after too many failures in the name of one client;
 * with a `WWW-Authenticate: Basic` challenge where the header was used
 */
export async function authenticateClient(
  deps: Pick<ClientDeps, 'database' | 'clock' | 'throttle'>,
  credentials: ClientCredentials,
): Promise<StoredOauthClient> {
  const presented = presentedBy(credentials)
  const client = await deps.database.read(() => findOauthClient(presented.clientId))
  const isProven = provesItself(presented, client, deps.clock.nowMs())
  if (client?.isActive && isProven) return client
  if (client === null) throw new OAuthError('invalid_client', unknownClient)
  throw deps.throttle.judge(client.clientId, unknownClient)
}

/** One sentence for all: which part is wrong is not told (case 100). */
const unknownClient = 'The client is not known, or did not prove to be it'

function presentedBy({ authorization, form }: ClientCredentials): Presented {
  if (form.get('client_assertion') !== null || form.get('client_assertion_type') !== null) {
    throw new OAuthError('invalid_client', 'Client assertions are not supported')
  }
  const inForm = form.get('client_id')
  const secret = form.get('client_secret')
  if (authorization === null) {
    if (inForm === null) throw new OAuthError('invalid_client', 'The client does not say its id')
    return { clientId: inForm, method: secret === null ? 'none' : 'client_secret_post', secret }
  }
  const basic = readBasic(authorization)
  if (basic === null) {
    throw new OAuthError('invalid_client', 'The Authorization header is not of the Basic scheme')
  }
  if (secret !== null || (inForm !== null && inForm !== basic.clientId)) {
    throw new OAuthError('invalid_client', 'The client authenticates in two ways')
  }
  return basic
}

/** `Basic` with id and secret, each form-encoded (RFC 6749 §2.3.1); null for anything else. */
function readBasic(authorization: string): Presented | null {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]{1,4096}={0,2})$/i.exec(authorization) ?? []
  if (encoded === undefined) return null
  const text = Buffer.from(encoded, 'base64').toString('latin1')
  const colon = text.indexOf(':')
  if (colon < 1) return null
  const clientId = formDecoded(text.slice(0, colon))
  const secret = formDecoded(text.slice(colon + 1))
  if (clientId === null || secret === null) return null
  return { clientId, method: 'client_secret_basic', secret }
}

function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

const nobody = new Uint8Array(32)

function provesItself(
  { method, secret }: Presented,
  client: StoredOauthClient | null,
  nowMs: number,
): boolean {
  if (secret === null) return client?.authMethod === 'none'
  const hash = hashPresentedToken(secret) ?? nobody
  const isOverlapping = nowMs < (client?.previousSecretUntilMs ?? 0)
  const previous = isOverlapping ? client?.previousSecretHash : null
  // Compared whatever is known of the client: the time it takes says nothing.
  const isCurrent = timingSafeEqual(client?.secretHash ?? nobody, hash)
  const isPrevious = timingSafeEqual(previous ?? nobody, hash)
  const isSecret = hash !== nobody && (isCurrent || isPrevious)
  return isSecret && client !== null && mayUse(client, method)
}

/** The secret of an integration is pasted into programs that choose the method themselves. */
const mayUse = ({ kind, authMethod }: StoredOauthClient, method: ClientAuthMethod) =>
  kind === 'integration' || authMethod === method
