import { randomUUID } from 'node:crypto'
import { HTTPException } from 'hono/http-exception'
import { authenticateAdministrator } from '../access/authenticate.ts'
import { authenticateMinter } from '../access/mint_session_token.ts'
import { AppError } from '../errors.ts'
import { decodeUtf8, type JsonValue, parseJson } from '../lib/json.ts'
import type { Administrator } from '../model/admin_token.ts'
import {
  createRouter,
  type ManagementDeps,
  type ManagementEnv,
  type ManagementRouter,
} from './management_router.ts'
import type { Peer } from './peer.ts'
import { failureResponse, problemResponse } from './problem.ts'
import { adminTokenRoutes } from './routes/admin_token_routes.ts'
import { assertionKeyRoutes } from './routes/assertion_key_routes.ts'
import { assertionRoutes } from './routes/assertion_routes.ts'
import { bootstrapRoutes } from './routes/bootstrap_routes.ts'
import { docsRoutes } from './routes/docs_routes.ts'
import { integrationRoutes } from './routes/integration_routes.ts'
import { memberRoutes } from './routes/member_routes.ts'
import { projectRoutes } from './routes/project_routes.ts'
import { runRoutes } from './routes/run_routes.ts'
import { sessionTokenPath, sessionTokenRoutes } from './routes/session_token_routes.ts'
import { signatureRoutes } from './routes/signature_routes.ts'
import { jwksRoutes, signingKeyRoutes } from './routes/signing_key_routes.ts'
import { toolCallRoutes } from './routes/tool_call_routes.ts'
import { toolRoutes } from './routes/tool_routes.ts'

/** The management API and its documentation, as one function of a request. */
export interface ManagementApp {
  fetch(request: Request, caller: ManagementEnv['Bindings']): Promise<Response>
}

/** Largest body the management API takes (reliability.md case 1). */
const MAX_BODY_BYTES = 1024 * 1024
/** The same where a token is asked for. */
const MAX_TOKEN_BYTES = 64 * 1024

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
  app.route('/', jwksRoutes(deps))
  app.use('/api/v1/*', async (c, next) => {
    const authorization = c.req.header('authorization') ?? null
    const isMinting = c.req.path === `/api/v1${sessionTokenPath}`
    if (isMinting) c.set('minter', await authenticateMinter(deps.access, authorization))
    else c.set('admin', await administratorOf(deps, c.env.peer, authorization))
    c.set('exactBody', await readBody(c.req.raw, isMinting ? MAX_TOKEN_BYTES : MAX_BODY_BYTES))
    await next()
    c.header('cache-control', 'no-store')
  })
  app.route('/api/v1', sessionTokenRoutes(deps))
  app.route('/api/v1', bootstrapRoutes(deps))
  app.route('/api/v1', projectRoutes(deps))
  app.route('/api/v1', integrationRoutes(deps))
  app.route('/api/v1', toolRoutes(deps))
  app.route('/api/v1', toolCallRoutes(deps))
  app.route('/api/v1', runRoutes(deps))
  app.route('/api/v1', adminTokenRoutes(deps))
  app.route('/api/v1', assertionKeyRoutes(deps))
  app.route('/api/v1', assertionRoutes(deps))
  app.route('/api/v1', memberRoutes(deps))
  app.route('/api/v1', signingKeyRoutes(deps))
  app.route('/api/v1', signatureRoutes(deps))
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

async function administratorOf(
  deps: ManagementDeps,
  peer: Peer,
  authorization: string | null,
): Promise<Administrator> {
  if (authorization === null && peer.kind !== 'tcp') {
    return { kind: 'local', projectId: null, label: 'local', rateLimits: [] }
  }
  return authenticateAdministrator(deps.access, authorization)
}

/** @throws AppError body_too_large, unsupported_media_type, or what `parseJson` finds */
async function readBody(request: Request, maxBytes: number): Promise<JsonValue> {
  const { method } = request
  if (method === 'GET' || method === 'DELETE' || method === 'HEAD') return {}
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) {
    throw new AppError('body_too_large')
  }
  const bytes = await request.clone().bytes()
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
