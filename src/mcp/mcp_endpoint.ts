import { type AccessDeps, authenticate } from '../access/authenticate.ts'
import type { RateLimits } from '../access/rate_limits.ts'
import type { UsageControl } from '../access/usage_control.ts'
import { AppError } from '../errors.ts'
import type { ExecutorDeps } from '../executor/call_tool.ts'
import { decodeUtf8, type JsonObject, type JsonValue, parseJson } from '../lib/json.ts'
import type { Principal, PrincipalNames } from '../model/principal.ts'
import { type BuiltinTool, BuiltinTools } from './builtin_tools.ts'
import { callOtherTool } from './builtins/call_tool.ts'
import { describeTool } from './builtins/describe_tool.ts'
import { resultReadTool } from './builtins/result_read.ts'
import { searchTool } from './builtins/search_tools.ts'
import { whoamiTool } from './builtins/whoami.ts'
import { answerHeaders, idOf, rpcCodes, rpcErrorResponse } from './json_rpc.ts'
import { LogLevels } from './log_level.ts'
import type { ExchangeNote, McpExchange } from './mcp_exchange.ts'
import {
  hasNamedParams,
  isMessage,
  notAMessage,
  unnamedParams,
  withParamsFault,
} from './message_shape.ts'
import { OpenStreams } from './open_streams.ts'
import { type McpRequest, readHotRequest } from './protocol.ts'
import { SdkServer } from './sdk_server.ts'
import { type ReadServing, ServedModes } from './served_modes.ts'
import { ToolCatalogs } from './tool_search/tool_catalogs.ts'
import { answerToolsCall, type ToolsCallDeps } from './tools_call.ts'
import { ToolsList, type ToolsListOptions } from './tools_list.ts'

/** What the MCP door needs of the house. */
export interface McpDeps extends ToolsListOptions {
  readonly access: AccessDeps
  readonly executor: ExecutorDeps
  readonly limits: RateLimits
  readonly usage: UsageControl
  /** What the principal's project and integration are called; not read on the path of a call. */
  readonly readNames: (principal: Principal) => Promise<PrincipalNames>
  /** How a project's tools are served; read once per epoch. */
  readonly readServing: ReadServing
  readonly maxBodyBytes: number
  /** Gives where the metadata of an MCP URL is, by the project's slug; null for `/mcp`. */
  readonly resourceMetadataOf: (slug: string | null) => string
}

/** A request at the MCP door, its Host and Origin already found good. */
export interface McpArrival {
  readonly request: Request
  /** The project named in the path, `/mcp/{slug}`; null for `/mcp`. */
  readonly slug: string | null
  readonly note: ExchangeNote
  /** Tells the listener that this exchange may be silent for long. */
  readonly holdOpen: () => void
  /** Gives where the request came from; looked up only where something depends on it. */
  readonly address: () => string | null
}

/** How long an answer takes before its credential is looked at again. */
const LONG_MS = 100
/** A token that ended in the meantime was good when it was presented. */
const ranOut: ReadonlySet<string> = new Set(['member_token_expired', 'access_token_expired'])

/** The MCP endpoint: stateless, both eras, JSON answers unless a call is slow (wire.md §7). */
export class McpEndpoint {
  private readonly deps: McpDeps
  private readonly list: ToolsList
  private readonly sdk: SdkServer
  private readonly streams: OpenStreams
  private readonly calls: ToolsCallDeps

  constructor(deps: McpDeps) {
    this.deps = deps
    const { executor, limits, usage, resourceMetadataOf } = deps
    const modes = new ServedModes(deps.readServing)
    const builtins = new BuiltinTools(builtinToolsOf(deps))
    this.list = new ToolsList({ ...deps, builtins, modes })
    this.streams = new OpenStreams(deps.access)
    const logLevels = new LogLevels()
    this.calls = { executor, limits, usage, logLevels, builtins, resourceMetadataOf }
    this.sdk = new SdkServer({
      setLogLevel: (exchange, level) => this.calls.logLevels.set(exchange, level),
      names: ({ principal }) => deps.readNames(principal),
      serving: ({ principal }) => modes.of(principal),
    })
  }

  /**
   * Answers one request. The credential comes first, before method, headers or body are looked at.
   * @throws AppError - the credential or the HTTP form of the request; JSON-RPC errors are answers
   */
  async answer(arrival: McpArrival): Promise<Response> {
    const { request, note, slug } = arrival
    const principal = await this.authenticate(arrival)
    if (request.method !== 'POST') throw new AppError('method_not_allowed')
    checkMediaTypes(request.headers)
    const { signal, headers } = request
    const exchange: McpExchange = { principal, headers, signal, note, slug }
    let body: JsonValue
    try {
      body = parseJson(await this.readBody(request))
    } catch (error) {
      return parseFailure(error)
    }
    arrival.holdOpen()
    const hot = readHotRequest(body, request.headers)
    if (hot !== null) return this.whileWelcome(arrival, () => this.answerHot(hot, exchange))
    return this.answerRest(request, body, exchange)
  }

  /**
   * Hands out an answer that was long in the making only if the credential still stands: what was done
   * is on record, but whoever was cut off meanwhile is not told of it (reliability.md case 44).
   * @throws AppError - as `authenticate` does, unless the credential has just run out of time
   */
  private async whileWelcome(
    arrival: McpArrival,
    answer: () => Promise<Response>,
  ): Promise<Response> {
    const { clock } = this.deps.executor
    const startedAtMs = clock.monotonicMs()
    const response = await answer()
    if (clock.monotonicMs() - startedAtMs < LONG_MS) return response
    await this.authenticate(arrival).catch((error) => {
      if (!(error instanceof AppError) || !ranOut.has(error.code)) throw error
    })
    return response
  }

  /** Tells open subscriptions of the project that its tools changed. */
  toolsChanged(projectId: number): void {
    this.sdk.toolsChanged(projectId)
  }

  /** Ends every open stream. */
  async close(): Promise<void> {
    // The SDK ends its streams with a result; what is left is cut.
    await this.sdk.close()
    this.streams.close()
  }

  private async authenticate({ request, slug, address }: McpArrival): Promise<Principal> {
    const authorization = request.headers.get('authorization')
    const principal = await authenticate(this.deps.access, authorization, address)
    // Another project's URL tells a credential nothing, not even that the project exists (case 40).
    if (slug !== null && slug !== principal.projectSlug) {
      throw new AppError(principal.kind === 'api_key' ? 'invalid_api_key' : 'invalid_token')
    }
    return principal
  }

  private async readBody(request: Request): Promise<string> {
    const { maxBodyBytes } = this.deps
    const declared = Number(request.headers.get('content-length') ?? 0)
    if (declared > maxBodyBytes) throw new AppError('body_too_large')
    const bytes = await request.bytes()
    if (bytes.byteLength > maxBodyBytes) throw new AppError('body_too_large')
    return decodeUtf8(bytes)
  }

  private async answerHot(request: McpRequest, exchange: McpExchange): Promise<Response> {
    exchange.note.method = request.method
    if (request.method === 'tools/call') return answerToolsCall(this.calls, request, exchange)
    try {
      const cursor = typeof request.params.cursor === 'string' ? request.params.cursor : null
      const page = await this.list.page(exchange.principal, cursor, request.era)
      const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(request.id)},"result":`)
      const whole = Buffer.concat([head, page.bytes, Buffer.from(`${page.closing}}`)])
      return new Response(whole, { headers: answerHeaders })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'invalid_cursor') throw error
      const { message } = error
      return rpcErrorResponse(request.id, { status: 200, code: rpcCodes.invalidParams, message })
    }
  }

  private async answerRest(
    request: Request,
    body: JsonValue,
    exchange: McpExchange,
  ): Promise<Response> {
    if (!isMessage(body)) return rpcErrorResponse(idOf(body), notAMessage)
    if (!hasNamedParams(body)) return rpcErrorResponse(idOf(body), unnamedParams)
    exchange.note.method = body.method
    const response = await withParamsFault(await this.answerBySdk(request, body, exchange), body)
    response.headers.set('cache-control', 'no-store')
    return response
  }

  private answerBySdk(
    request: Request,
    body: JsonObject,
    exchange: McpExchange,
  ): Promise<Response> {
    if (!claimsModern(body, request.headers)) return this.sdk.answerLegacy(request, body, exchange)
    if (body.method === 'subscriptions/listen') return this.listen(request, body, exchange)
    return this.sdk.answerModern(request, body, exchange)
  }

  private async listen(
    request: Request,
    body: JsonObject,
    exchange: McpExchange,
  ): Promise<Response> {
    const { principal, headers } = exchange
    const opened = this.streams.open(principal, headers.get('authorization'), request.signal)
    const { signal } = opened
    const watched = new Request(request.url, { method: 'POST', headers, signal })
    const response = await this.sdk.answerModern(watched, body, { ...exchange, signal })
    return withEnd(response, opened.end)
  }
}

/** The tools that Gatehouse itself answers, in the order they are listed. */
function builtinToolsOf(deps: McpDeps): BuiltinTool[] {
  const { readTools, executor } = deps
  const search = { catalogs: new ToolCatalogs(readTools), tools: executor.tools }
  return [
    ...[whoamiTool(deps), searchTool(search), describeTool(search), callOtherTool(search)],
    resultReadTool(deps),
  ]
}

/** The response, with `end` called once nothing more of it will be sent. */
function withEnd(response: Response, end: () => void): Response {
  const { body, headers, status } = response
  if (body === null || !headers.get('content-type')?.startsWith('text/event-stream')) {
    end()
    return response
  }
  const { readable, writable } = new TransformStream()
  body.pipeTo(writable).then(end, end)
  return new Response(readable, { status, headers })
}

function claimsModern(body: JsonObject, headers: Headers): boolean {
  const params = body.params as JsonObject | undefined
  const meta = params?._meta as JsonObject | undefined
  const hasClaim = meta?.['io.modelcontextprotocol/protocolVersion'] !== undefined
  if (body.method === 'initialize' && !hasClaim) return false
  return hasClaim || (headers.get('mcp-protocol-version') ?? '') >= '2026'
}

/** @throws AppError unsupported_media_type or not_acceptable (reliability.md case 20) */
function checkMediaTypes(headers: Headers): void {
  const type = headers.get('content-type')
  const isJson = type === 'application/json' || /^application\/json\s*(;|$)/i.test(type ?? '')
  if (!isJson || headers.has('content-encoding')) throw new AppError('unsupported_media_type')
  const accept = headers.get('accept')
  if (accept === null || accept === '*/*') return
  const takesBoth =
    /application\/(json|\*)|\*\/\*/i.test(accept) && /text\/(event-stream|\*)|\*\/\*/i.test(accept)
  if (!takesBoth) throw new AppError('not_acceptable')
}

function parseFailure(error: unknown): Response {
  if (!(error instanceof AppError) || error.kind !== 'invalid') throw error
  if (error.status !== 400) throw error
  const isSyntax = error.code === 'malformed_json'
  const code = isSyntax ? rpcCodes.parseError : rpcCodes.invalidRequest
  const message = isSyntax ? 'Parse error' : error.message
  const reason = error.reason ?? error.message
  return rpcErrorResponse(null, { status: 400, code, message, reason })
}
