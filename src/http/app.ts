import { randomUUID } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { Cidr } from '../lib/ip_address.ts'
import type { Logger } from '../log.ts'
import type { McpEndpoint } from '../mcp/mcp_endpoint.ts'
import type { ExchangeNote } from '../mcp/mcp_exchange.ts'
import { slugPattern } from '../model/project.ts'
import { loggablePath } from '../model/setup_url.ts'
import { clientAddress } from './client_address.ts'
import { checkArrival, type GuardRules } from './guards.ts'
import { healthResponse, type Readiness, readinessResponse } from './health.ts'
import type { ManagementApp } from './management_app.ts'
import type { ManagementDeps } from './management_router.ts'
import { isOpenToPages } from './open_to_pages.ts'
import type { Pace, Peer } from './peer.ts'
import { problemResponse, type WayIn } from './problem.ts'

/** What the HTTP side needs of the house. */
export interface HttpDeps extends ManagementDeps {
  readonly mcp: McpEndpoint
  readonly readiness: Readiness
  readonly logger: Logger
  readonly maxInFlight: number
  /** Gives where the metadata of an MCP URL is, by the project's slug; null for `/mcp`. */
  readonly resourceMetadataOf: (slug: string | null) => string
  /** Gives what the challenge at a project's MCP URL suggests to ask for; nothing for an unknown slug. */
  readonly challengeScopesOf: (slug: string) => Promise<readonly string[]>
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly Cidr[]
}

/**
 * The front door. Every request passes the guards, then goes by its path:
 * `/mcp`, `/mcp/`, `/mcp/{slug}` to the MCP endpoint; `/healthz`, `/livez`, `/readyz` are answered
 * here; all else belongs to the management app, which is loaded at its first request.
 */
export class HttpApp {
  /** Set by the listener once the port is known. */
  rules: GuardRules = { hosts: new Set(), origins: new Set() }
  private readonly deps: HttpDeps
  private management: Promise<ManagementApp> | null = null
  private inFlight = 0

  constructor(deps: HttpDeps) {
    this.deps = deps
  }

  /** Answers a request; never throws. */
  async fetch(request: Request, peer: Peer): Promise<Response> {
    const startedAtMs = performance.now()
    const { method } = request
    const path = pathOf(request.url)
    const note: ExchangeNote = {}
    const at: Arrival = { path, note, requestId: null, scopes: [] }
    let response: Response
    try {
      response = await this.route(request, peer, at)
    } catch (error) {
      response = this.failure(error, at)
    }
    if (note.error?.kind === 'internal') this.logCause(note.error, at)
    this.deps.logger.info('request', {
      method,
      path: loggablePath(path),
      status: response.status,
      ms: Math.round((performance.now() - startedAtMs) * 100) / 100,
      rpc: note.method,
      tool: note.tool,
      run_id: note.runId,
      error: note.error?.code,
    })
    return response
  }

  private async route(request: Request, peer: Peer, at: Arrival): Promise<Response> {
    const { path } = at
    const { method } = request
    if (!servedMethods.has(method)) throw new AppError('method_not_allowed')
    if (isProbe(path)) return this.probe(method, path)
    if (peer.kind === 'tcp') checkArrival(request.headers, this.rules, isOpenToPages(path))
    else if (request.url.startsWith('/')) throw new AppError('bad_host')
    if (isMcp(path)) {
      const origin = request.headers.get('origin')
      if (origin === null) return this.mcp(request, peer, at)
      if (method === 'OPTIONS') {
        return preflight(origin, request.headers.get('access-control-request-headers'))
      }
      // A page must be able to read a refusal too, its challenge above all.
      const answer = this.mcp(request, peer, at).catch((error) => this.failure(error, at))
      return withCors(await answer, origin)
    }
    this.management ??= import('./management_app.ts').then((m) => m.createManagementApp(this.deps))
    return (await this.management).fetch(request, { peer, address: this.addressOf(request, peer) })
  }

  private async probe(method: string, path: string): Promise<Response> {
    if (method !== 'GET' && method !== 'HEAD') throw new AppError('method_not_allowed')
    return path === '/readyz' ? readinessResponse(await this.deps.readiness()) : healthResponse()
  }

  private async mcp(request: Request, peer: Peer, at: Arrival): Promise<Response> {
    const rest = at.path.slice('/mcp/'.length)
    if (rest.includes('/')) throw new AppError('not_found')
    if (this.inFlight >= this.deps.maxInFlight) throw new AppError('overloaded')
    this.inFlight++
    try {
      const slug = rest === '' ? null : rest
      const holdOpen = () => {
        if (peer.kind === 'tcp') peer.setPace('calling')
      }
      const address = () => this.addressOf(request, peer)
      return await this.deps.mcp.answer({ request, slug, note: at.note, holdOpen, address })
    } catch (error) {
      const judged = this.judged(error, this.addressOf(request, peer))
      at.scopes = await this.scopesToAskFor(judged, rest)
      throw judged
    } finally {
      this.inFlight--
      // Whoever does not take the answer, or sends nothing more, is soon cut off (case 7).
      if (peer.kind === 'tcp') peer.setPace(paceOf(at.note))
    }
  }

  /** The least that helps: what a token that ran out held, else what the project's policy suggests. */
  private async scopesToAskFor(error: unknown, slug: string): Promise<readonly string[]> {
    if (!(error instanceof AppError) || error.kind !== 'unauthenticated') return []
    if (error.scopes.length > 0 || !slugPattern.test(slug)) return error.scopes
    // A store that does not answer must not hide why the credential was refused.
    return this.deps.challengeScopesOf(slug).catch(() => [])
  }

  private judged(error: unknown, address: string | null): unknown {
    return error instanceof AppError ? this.deps.failures.judge(error, address) : error
  }

  /** Looked up only where something depends on it. */
  private addressOf(request: Request, peer: Peer): string | null {
    if (peer.kind !== 'tcp') return null
    const forwardedFor = request.headers.get('x-forwarded-for')
    return clientAddress(peer.address(), forwardedFor, this.deps.trustedProxies)
  }

  private failure(error: unknown, at: Arrival): Response {
    const known = error instanceof AppError ? error : new AppError('internal', { cause: error })
    at.note.error = known
    at.requestId = randomUUID()
    const response = problemResponse(known, at.requestId, this.wayIn(at))
    if (known.code === 'method_not_allowed') response.headers.set('allow', allowedAt(at.path))
    return response
  }

  /** Only an MCP URL is a protected resource; what is no slug never gets into a header. */
  private wayIn({ path, scopes }: Arrival): WayIn | undefined {
    if (!isMcp(path)) return undefined
    const slug = path.slice('/mcp/'.length)
    const resourceMetadata = this.deps.resourceMetadataOf(slugPattern.test(slug) ? slug : null)
    return { resourceMetadata, scopes }
  }

  private logCause({ code, cause }: AppError, { note, requestId }: Arrival): void {
    this.deps.logger.error('internal_error', {
      request_id: requestId ?? note.runId,
      code,
      cause,
    })
  }
}

interface Arrival {
  readonly path: string
  readonly note: ExchangeNote
  /** Names the exchange in a problem and in the log; null while there was none. */
  requestId: string | null
  /** What a challenge tells the client to ask for. */
  scopes: readonly string[]
}

/** CONNECT, TRACE and whatever else has no meaning here end before a path is looked at (case 26). */
const servedMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

const isMcp = (path: string) => path === '/mcp' || path.startsWith('/mcp/')
const isProbe = (path: string) => path === '/healthz' || path === '/livez' || path === '/readyz'

/** A streamed tool call says something every second; other streams may be silent for 15. */
const paceOf = ({ method }: ExchangeNote): Pace =>
  method === undefined || method.startsWith('tools/') ? 'quiet' : 'streaming'

/** What `Allow` says beside a 405 (RFC 9110 §10.2.1). */
function allowedAt(path: string): string {
  if (isMcp(path)) return 'POST'
  return isProbe(path) ? 'GET, HEAD' : 'GET, HEAD, POST, PATCH, DELETE'
}

/** The path of a request URL as it was sent; cheaper than a URL object, which is not needed here. */
function pathOf(url: string): string {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('//') + 2)
  if (start < 0) return '/'
  const end = url.search(/[?#]/)
  return end < 0 ? url.slice(start) : url.slice(start, end)
}

const corsHeaders = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After, Mcp-Session-Id',
  vary: 'Origin',
})

const clientHeaders =
  /^(?:authorization|content-type|accept|idempotency-key|traceparent|mcp-[a-z0-9-]+)$/

/**
 * The guards let only named origins through; those may be answered across origins. Which headers a
 * client mirrors arguments in (`Mcp-Param-*`) only its own request tells.
 */
function preflight(origin: string, requested: string | null): Response {
  const asked = (requested ?? '').toLowerCase().split(/\s*,\s*/)
  const headers = {
    ...corsHeaders(origin),
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': asked.filter((name) => clientHeaders.test(name)).join(', '),
    'access-control-max-age': '600',
  }
  return new Response(null, { status: 204, headers })
}

function withCors(response: Response, origin: string): Response {
  for (const [name, value] of Object.entries(corsHeaders(origin))) response.headers.set(name, value)
  return response
}
