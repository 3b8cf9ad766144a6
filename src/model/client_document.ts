import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../lib/json.ts'
import { cleanClientName } from './client_name.ts'
import { maxRedirectUris, redirectUriFault } from './redirect_uri.ts'

/** Largest document that is read (draft-ietf-oauth-client-id-metadata-document §8.7). */
export const maxDocumentBytes = 5 * 1024

const maxUrlLength = 1_000

/** What a client says of itself in the document its client id is the URL of. */
export interface ClientDocument {
  readonly clientId: string
  readonly name: string
  readonly redirectUris: readonly string[]
  /** As it was read. */
  readonly text: string
}

/** Whether a client id is meant as the URL of a document; whether it is a good one is told later. */
export const isDocumentUrl = (clientId: string) => clientId.startsWith('https://')

/**
 * Says why a client id cannot be the URL of a client metadata document, or null (draft §3): https,
 * with a path, written just as a browser would write it, so without dot segments; no fragment, no user.
 */
export function documentUrlFault(clientId: string): string | null {
  const url = URL.parse(clientId)
  if (clientId.length > maxUrlLength) return `is longer than ${maxUrlLength} characters`
  if (url === null || url.protocol !== 'https:') return 'is not an https URL'
  if (url.username !== '' || url.password !== '') return 'holds a user name'
  if (clientId.includes('#')) return 'holds a fragment'
  if (url.href !== clientId) return 'is not in normal form, or has no path'
  return url.pathname === '/' ? 'has no path' : null
}

/**
 * Reads a client metadata document (draft §4, §5).
 * @throws AppError validation_failed, naming what is wrong, or what `parseJson` finds
 */
export function readClientDocument(url: string, text: string): ClientDocument {
  const json = parseJson(text, { maxDepth: 8 })
  if (!isJsonObject(json)) throw fault('', 'is not a JSON object')
  if (json.client_id !== url) throw fault('/client_id', 'is not the URL of the document')
  refuseSecrets(json)
  if (typeof json.client_name !== 'string' || json.client_name.trim() === '') {
    throw fault('/client_name', 'is missing')
  }
  return {
    clientId: url,
    name: cleanClientName(json.client_name),
    redirectUris: readRedirectUris(json.redirect_uris),
    text,
  }
}

/** A public document cannot hold a secret (draft §4.1); signed assertions are not offered. */
function refuseSecrets(json: JsonObject): void {
  for (const name of ['client_secret', 'client_secret_expires_at']) {
    if (Object.hasOwn(json, name)) throw fault(`/${name}`, 'cannot stand in a document')
  }
  const method = json.token_endpoint_auth_method
  if (method === undefined || method === 'none') return
  throw fault('/token_endpoint_auth_method', 'is not none, which is all a document may choose here')
}

function readRedirectUris(value: JsonValue | undefined): readonly string[] {
  const isList = Array.isArray(value) && value.length > 0
  if (!isList) throw fault('/redirect_uris', 'is not a list of at least one URI')
  if (value.length > maxRedirectUris) {
    throw fault('/redirect_uris', `has more than ${maxRedirectUris} URIs`)
  }
  return value.map((uri, index) => {
    const wrong = typeof uri === 'string' ? redirectUriFault(uri) : 'is not a string'
    if (typeof uri === 'string' && wrong === null) return uri
    throw fault(`/redirect_uris/${index}`, wrong ?? 'is not a string')
  })
}

function fault(pointer: string, message: string): AppError {
  const where = pointer === '' ? 'It' : pointer.slice(1).replaceAll('/', ' ')
  return new AppError('validation_failed', {
    reason: `The client metadata document cannot be used: ${where} ${message}.`,
    errors: [{ pointer: `/document${pointer}`, message }],
  })
}
