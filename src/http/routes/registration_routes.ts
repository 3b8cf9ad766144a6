import { AppError } from '../../errors.ts'
import { decodeUtf8, isJsonObject, type JsonObject, parseJson } from '../../lib/json.ts'
import { OAuthError } from '../../oauth/oauth_error.ts'
import { oauthPaths } from '../../oauth/oauth_paths.ts'
import type { RegisteredClient } from '../../oauth/register_client.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'

const maxBytes = 16 * 1024

/** `POST /api/v1/mcp-oauth/register` (RFC 7591 §3); open to anyone, as far as some policy is. */
export function registrationRoutes({ oauth, logger }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.post(oauthPaths.register, async (c) => {
    try {
      const json = await readMetadata(c.req.raw)
      const registered = await oauth.registration.register(json, c.env.address)
      const { clientId, name } = registered.client
      logger.info('oauth_client_registered', { client_id: clientId, name })
      return c.json(registrationJson(registered), 201, noStore)
    } catch (error) {
      return refusal(asOAuthError(error))
    }
  })
  return router
}

const noStore = { 'cache-control': 'no-store' }

/** @throws AppError body_too_large, unsupported_media_type, or what `parseJson` finds */
async function readMetadata(request: Request): Promise<JsonObject> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > maxBytes) throw new AppError('body_too_large')
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new AppError('unsupported_media_type')
  const bytes = await request.bytes()
  if (bytes.byteLength > maxBytes) throw new AppError('body_too_large')
  const json = parseJson(decodeUtf8(bytes), { maxDepth: 16 })
  if (isJsonObject(json)) return json
  throw new OAuthError('invalid_client_metadata', 'The body is not a JSON object')
}

/** What is wrong with the body is told in the words of RFC 7591 §3.2.2. */
function asOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  if (!(error instanceof AppError) || error.kind !== 'invalid') throw error
  return new OAuthError('invalid_client_metadata', error.reason ?? error.message, {
    status: error.status,
  })
}

function refusal({ error, description, status, retryAfterSeconds }: OAuthError): Response {
  const headers = new Headers(noStore)
  if (retryAfterSeconds !== undefined) headers.set('retry-after', String(retryAfterSeconds))
  // A body we refused to read is still on its way; the connection is of no further use (case 1).
  if (status === 413) headers.set('connection', 'close')
  return Response.json({ error, error_description: description }, { status, headers })
}

/** RFC 7591 §3.2.1; without a registration access token, for RFC 7592 is not offered (case 127). */
function registrationJson({ client, secret }: RegisteredClient) {
  return {
    client_id: client.clientId,
    client_id_issued_at: Math.floor(client.createdAtMs / 1000),
    ...(secret === null ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    client_name: client.name,
    redirect_uris: [...client.redirectUris],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: client.authMethod,
  }
}
