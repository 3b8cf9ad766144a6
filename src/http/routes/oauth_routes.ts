import { authenticateAdministrator } from '../../access/authenticate.ts'
import { AppError } from '../../errors.ts'
import { readForm } from '../../oauth/form_parameters.ts'
import { introspect, introspectFor } from '../../oauth/introspect.ts'
import { OAuthError } from '../../oauth/oauth_error.ts'
import { oauthPaths } from '../../oauth/oauth_paths.ts'
import { revokeToken } from '../../oauth/revoke.ts'
import { answerToken, type ClientRequest, tokenJson } from '../../oauth/token.ts'
import type { PageContext } from '../console_exchange.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { openToPages } from '../open_to_pages.ts'
import { refuseOtherMethods } from '../other_methods.ts'

const maxFormBytes = 64 * 1024

/** `/token`, `/revoke` and `/introspect` under `/api/v1/mcp-oauth`: forms in, JSON out. */
export function oauthRoutes(deps: ManagementDeps): ManagementRouter {
  const { oauth } = deps
  const router = createRouter()
  openToPages(router)
  router.post(oauthPaths.token, (c) =>
    answered(deps, c, async (request) => tokenJson(await answerToken(oauth, request))),
  )
  router.post(oauthPaths.revoke, (c) =>
    answered(deps, c, async (request) => {
      await revokeToken(oauth, request)
      return null
    }),
  )
  router.post(oauthPaths.introspect, (c) =>
    answered(deps, c, (request) => introspected(deps, request)),
  )
  const { token, revoke, introspect: introspection, register } = oauthPaths
  refuseOtherMethods(router, [token, revoke, introspection, register], ['POST'])
  return router
}

/** Clients come with their secret, administrators with their bearer. */
async function introspected(
  { oauth, access }: ManagementDeps,
  request: ClientRequest,
): Promise<object> {
  const { authorization, form, address } = request
  if (!/^bearer /i.test(authorization ?? '')) return introspect(oauth, request)
  const admin = await authenticateAdministrator(access, authorization, address)
  return introspectFor(oauth, form, admin.projectId)
}

async function answered(
  { logger }: ManagementDeps,
  c: PageContext,
  step: (request: ClientRequest) => Promise<object | null>,
): Promise<Response> {
  try {
    const body = await step(await requestOf(c))
    return body === null
      ? new Response(null, { headers: noStore })
      : Response.json(body, { headers: noStore })
  } catch (error) {
    const known = asOAuthError(error)
    logger.info('oauth_refused', { error: known.error, reason: known.description })
    return refusal(known, c.req.raw.headers.has('authorization'))
  }
}

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' }

/** @throws OAuthError invalid_request; AppError body_too_large */
async function requestOf(c: PageContext): Promise<ClientRequest> {
  const request = c.req.raw
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new OAuthError('invalid_request', 'Send application/x-www-form-urlencoded')
  }
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > maxFormBytes) throw new AppError('body_too_large')
  const bytes = await request.bytes()
  if (bytes.byteLength > maxFormBytes) throw new AppError('body_too_large')
  return {
    authorization: request.headers.get('authorization'),
    form: readForm(Buffer.from(bytes).toString('utf8')),
    address: c.env.address,
  }
}

/** Expected failures in the words of OAuth (RFC 6749 §5.2). @throws what is none */
function asOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  if (!(error instanceof AppError) || error.kind === 'internal') throw error
  const { status, retryAfterSeconds, message } = error
  const code =
    status >= 500 || status === 429
      ? 'temporarily_unavailable'
      : error.kind === 'unauthenticated'
        ? 'invalid_client'
        : 'invalid_request'
  return new OAuthError(code, message, {
    status,
    cause: error,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

function refusal(refused: OAuthError, usedHeader: boolean): Response {
  const { error, description, status, retryAfterSeconds } = refused
  const headers = new Headers(noStore)
  if (retryAfterSeconds !== undefined) headers.set('retry-after', String(retryAfterSeconds))
  // RFC 6749 §5.2: who came with the header is told which scheme it takes.
  if (error === 'invalid_client' && usedHeader) {
    headers.set('www-authenticate', 'Basic realm="gatehouse"')
  }
  // A body we refused to read is still on its way; the connection is of no further use (case 1).
  if (status === 413) headers.set('connection', 'close')
  return Response.json({ error, error_description: description }, { status, headers })
}
