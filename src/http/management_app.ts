import { randomUUID } from 'node:crypto'
import { HTTPException } from 'hono/http-exception'
import { authenticateMinter } from '../access/mint_session_token.ts'
import { AppError } from '../errors.ts'
import { decodeUtf8, type JsonValue, parseJson } from '../lib/json.ts'
import { readBounded } from './bounded_body.ts'
import {
  createRouter,
  type ManagementDeps,
  type ManagementEnv,
  type ManagementRouter,
} from './management_router.ts'
import { failureResponse, problemResponse } from './problem.ts'
import { requestAdministrator } from './request_administrator.ts'
import { adminTokenRoutes } from './routes/admin_token_routes.ts'
import { assertionKeyRoutes } from './routes/assertion_key_routes.ts'
import { assertionRoutes } from './routes/assertion_routes.ts'
import { auditRoutes } from './routes/audit_routes.ts'
import { authorizeRoutes } from './routes/authorize_routes.ts'
import { bootstrapRoutes } from './routes/bootstrap_routes.ts'
import { connectionRoutes } from './routes/connection_routes.ts'
import { consoleRoutes } from './routes/console_routes.ts'
import { docsRoutes } from './routes/docs_routes.ts'
import { integrationRoutes } from './routes/integration_routes.ts'
import { memberRoutes } from './routes/member_routes.ts'
import { oauthClientRoutes } from './routes/oauth_client_routes.ts'
import { oauthRoutes } from './routes/oauth_routes.ts'
import { openapiImportRoutes } from './routes/openapi_import_routes.ts'
import { openapiOverrideRoutes } from './routes/openapi_override_routes.ts'
import { openapiPlanRoutes } from './routes/openapi_plan_routes.ts'
import { openapiSourceRoutes } from './routes/openapi_source_routes.ts'
import { pageAssetRoutes } from './routes/page_asset_routes.ts'
import { policyRoutes } from './routes/policy_routes.ts'
import { projectRoutes } from './routes/project_routes.ts'
import { registrationRoutes } from './routes/registration_routes.ts'
import { runRoutes } from './routes/run_routes.ts'
import { scopeRoutes } from './routes/scope_routes.ts'
import { sessionRoutes } from './routes/session_routes.ts'
import { sessionTokenPath, sessionTokenRoutes } from './routes/session_token_routes.ts'
import { signatureRoutes } from './routes/signature_routes.ts'
import { jwksRoutes, signingKeyRoutes } from './routes/signing_key_routes.ts'
import { toolCallRoutes } from './routes/tool_call_routes.ts'
import { toolRoutes } from './routes/tool_routes.ts'
import { trustedIssuerRoutes } from './routes/trusted_issuer_routes.ts'
import { upstreamRoutes } from './routes/upstream_routes.ts'
import { usageRoutes } from './routes/usage_routes.ts'
import { userRoutes } from './routes/user_routes.ts'
import { wellKnownRoutes } from './routes/well_known_routes.ts'
import { isUpload } from './uploaded_document.ts'

/** The management API and its documentation, as one function of a request. */
export interface ManagementApp {
  fetch(request: Request, caller: ManagementEnv['Bindings']): Promise<Response>
}

/** Largest body the management API takes (reliability.md case 1). */
const MAX_BODY_BYTES = 1024 * 1024
/** The same where a token is asked for. */
const MAX_TOKEN_BYTES = 64 * 1024

/** Importing OpenAPI documents. */
const openapiRoutes = [
  openapiImportRoutes,
  openapiPlanRoutes,
  openapiOverrideRoutes,
  openapiSourceRoutes,
]

/** Builds the management API: every route and middleware of it is listed here. */
export function createManagementApp(deps: ManagementDeps): ManagementApp {
  const app = createRouter()
  app.use('*', async (c, next) => {
    c.set('requestId', randomUUID())
    await next()
    // The answer of a tool call names its run.
    if (!c.res.headers.has('x-request-id')) c.header('x-request-id', c.get('requestId'))
    c.header('x-content-type-options', 'nosniff')
  })
  app.route(
    '/',
    docsRoutes(() => app),
  )
  app.route('/', consoleRoutes(deps))
  app.route('/', oauthRoutes(deps))
  app.route('/', wellKnownRoutes(deps))
  app.route('/', pageAssetRoutes())
  app.route('/', jwksRoutes(deps))
  app.route('/', authorizeRoutes(deps))
  app.route('/', registrationRoutes(deps))
  app.route('/api/v1', sessionRoutes(deps))
  app.use('/api/v1/*', async (c, next) => {
    if (c.req.path === `/api/v1${sessionTokenPath}`) {
      const authorization = c.req.header('authorization') ?? null
      c.set('minter', await authenticateMinter(deps.access, authorization))
      c.set('exactBody', await readBody(c.req.raw, MAX_TOKEN_BYTES))
    } else {
      const administratorOf = await requestAdministrator(deps, c)
      const isDocument = isUpload(c.req.method, c.req.path)
      // A document is read by its route, once, and not as JSON.
      const body = isDocument ? {} : await readBody(c.req.raw, MAX_BODY_BYTES)
      c.set('exactBody', body)
      c.set('admin', administratorOf(body))
    }
    await next()
    c.header('cache-control', 'no-store')
  })
  app.route('/api/v1', sessionTokenRoutes(deps))
  app.route('/api/v1', bootstrapRoutes(deps))
  app.route('/api/v1', projectRoutes(deps))
  app.route('/api/v1', policyRoutes(deps))
  app.route('/api/v1', scopeRoutes(deps))
  app.route('/api/v1', connectionRoutes(deps))
  app.route('/api/v1', integrationRoutes(deps))
  app.route('/api/v1', oauthClientRoutes(deps))
  app.route('/api/v1', toolRoutes(deps))
  app.route('/api/v1', toolCallRoutes(deps))
  for (const routes of openapiRoutes) app.route('/api/v1', routes(deps))
  for (const routes of [runRoutes, usageRoutes]) app.route('/api/v1', routes(deps))
  app.route('/api/v1', upstreamRoutes(deps))
  app.route('/api/v1', adminTokenRoutes(deps))
  app.route('/api/v1', assertionKeyRoutes(deps))
  app.route('/api/v1', auditRoutes(deps))
  app.route('/api/v1', assertionRoutes(deps))
  app.route('/api/v1', memberRoutes(deps))
  app.route('/api/v1', signingKeyRoutes(deps))
  app.route('/api/v1', trustedIssuerRoutes(deps))
  app.route('/api/v1', signatureRoutes(deps))
  app.route('/api/v1', userRoutes(deps))
  app.notFound((c) => notHere(allowedMethods(app, c.req.path), c.get('requestId')))
  app.onError((error, c) => {
    const failure = deps.failures.judge(asAppError(error), c.env.address)
    return failureResponse(deps.logger, failure, c.get('requestId'))
  })
  describeApi(app)
  return { fetch: async (request, caller) => app.fetch(request, caller) }
}

/** Which methods a path has; HEAD is GET without its body. */
function allowedMethods(app: ManagementRouter, path: string): readonly string[] {
  const found = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  )
  return found.includes('GET') ? ['HEAD', ...found] : found
}

function notHere(allowed: readonly string[], requestId: string): Response {
  if (allowed.length === 0) return problemResponse(new AppError('not_found'), requestId)
  const response = problemResponse(new AppError('method_not_allowed'), requestId)
  response.headers.set('allow', allowed.join(', '))
  return response
}

/** @throws AppError body_too_large, unsupported_media_type, or what `parseJson` finds */
async function readBody(request: Request, maxBytes: number): Promise<JsonValue> {
  const { method } = request
  if (method === 'GET' || method === 'DELETE' || method === 'HEAD') return {}
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) {
    throw new AppError('body_too_large')
  }
  const bytes = await readBounded(request.clone() as unknown as Request, maxBytes)
  if (bytes.byteLength > maxBytes) throw new AppError('body_too_large')
  if (bytes.byteLength === 0) return {}
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type) || request.headers.has('content-encoding')) {
    throw new AppError('unsupported_media_type')
  }
  return parseJson(decodeUtf8(bytes), { maxDepth: 256 })
}

function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof HTTPException && error.status === 400) {
    return new AppError('malformed_json', { cause: error })
  }
  return new AppError('internal', { cause: error })
}

function describeApi(app: ManagementRouter): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An admin token (`gha_…`), or an API key (`tengine_…`) with `project.manage`.',
  })
}
