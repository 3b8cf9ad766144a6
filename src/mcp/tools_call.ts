import { LOG_LEVEL_META_KEY } from '@modelcontextprotocol/server'
import type { RateLimits } from '../access/rate_limits.ts'
import { type UsageControl, type UsageLease, underLease } from '../access/usage_control.ts'
import { AppError } from '../errors.ts'
import { callTool, type ExecutorDeps, type ToolCall } from '../executor/call_tool.ts'
import type { CompiledTool } from '../executor/compile_tool.ts'
import { bearerChallenge } from '../lib/bearer_challenge.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { holdsScope, type Principal } from '../model/principal.ts'
import type { BuiltinTools } from './builtin_tools.ts'
import {
  type CallEnding,
  type Interest,
  noticesAtEnd,
  noticesAtStart,
  noticesWhileWaiting,
} from './call_notices.ts'
import { firstNoticeMs, streamResponse } from './call_stream.ts'
import {
  answerHeaders,
  type RpcError,
  rpcCodes,
  rpcErrorJson,
  rpcErrorResponse,
  rpcResultJson,
  rpcResultResponse,
} from './json_rpc.ts'
import { isLogLevel, type LogLevels } from './log_level.ts'
import type { McpExchange } from './mcp_exchange.ts'
import { paramHeaderMismatch } from './param_headers.ts'
import type { McpRequest } from './protocol.ts'
import { callResultJson } from './tool_result.ts'

/** What answering a call needs. */
export interface ToolsCallDeps {
  readonly executor: ExecutorDeps
  readonly limits: RateLimits
  readonly usage: UsageControl
  readonly logLevels: LogLevels
  readonly builtins: BuiltinTools
  /** Gives where the metadata of an MCP URL is, by the project's slug; null for `/mcp`. */
  readonly resourceMetadataOf: (slug: string | null) => string
}

/** Answers `tools/call` (wire.md §7). @throws AppError rate_limited, quota_exceeded */
export async function answerToolsCall(
  deps: ToolsCallDeps,
  request: McpRequest,
  exchange: McpExchange,
): Promise<Response> {
  const name = String(request.params.name)
  exchange.note.tool = name
  if (!hasFitResponses(request.params)) return rpcErrorResponse(request.id, unfitResponses)
  const { builtins } = deps
  const builtin = builtins.find(name)
  if (builtin === null) return answerOwnTool(deps, request, { ...exchange, isMirrored: true })
  const args = (request.params.arguments ?? {}) as JsonObject
  const answer = await builtin.answer({ arguments: args, request, exchange, builtins })
  if ('resultJson' in answer) return rpcResultResponse(request.id, answer.resultJson)
  return answerInstead(
    deps,
    { ...request, params: { ...request.params, ...answer.call } },
    exchange,
  )
}

/** Answers the call that a built-in tool makes for its caller. */
function answerInstead(
  deps: ToolsCallDeps,
  request: McpRequest,
  exchange: McpExchange,
): Promise<Response> {
  const name = String(request.params.name)
  exchange.note.tool = name
  if (deps.builtins.find(name) !== null) return answerToolsCall(deps, request, exchange)
  return answerOwnTool(deps, request, { ...exchange, isMirrored: false })
}

interface OwnToolExchange extends McpExchange {
  /** Whether the client had the tool's schema before it, and so mirrors arguments in headers. */
  readonly isMirrored: boolean
}

/** One that was let in: answered by one call, which ends the lease. */
interface AdmittedExchange extends McpExchange {
  readonly lease: UsageLease
}

/** What stands for a tool that is not there. */
const noLease: UsageLease = { end: () => {} }

/** Answers the call of one of the project's tools. */
async function answerOwnTool(
  deps: ToolsCallDeps,
  request: McpRequest,
  given: OwnToolExchange,
): Promise<Response> {
  const { principal } = given
  deps.limits.admit(principal.rateLimits)
  const compiled = await resolve(deps.executor, request, principal)
  const isModern = request.era === 'modern'
  const mismatch = isModern && given.isMirrored ? mirroredMismatch(compiled, request, given) : null
  if (mismatch !== null) return rpcErrorResponse(request.id, mismatch)
  const lease = compiled === null ? noLease : await deps.usage.admit(principal, compiled.tool.id)
  const exchange = { ...given, lease }
  const missing = isModern ? missingScopes(compiled, principal) : null
  if (missing !== null) return refuseForScopes(deps, request, { ...exchange, scopes: missing })
  const logLevel = wantedLevel(deps, request, exchange)
  const progressToken = progressTokenOf(request)
  if (progressToken === null && logLevel === null) {
    return jsonResponse((await answerCall(deps, request, exchange)).json)
  }
  const timeoutMs = compiled?.tool.definition.timeoutMs ?? 0
  const interest = { progressToken, logLevel, tool: String(request.params.name), timeoutMs }
  return withNotices(deps, request, { ...exchange, interest })
}

/** The scopes of a tool, where the principal lacks one of them. */
function missingScopes(
  compiled: CompiledTool | null,
  principal: Principal,
): readonly string[] | null {
  const scopes = compiled?.tool.definition.requiredScopes ?? []
  return scopes.every((scope) => holdsScope(principal, scope)) ? null : scopes
}

interface LackingExchange extends AdmittedExchange {
  /** What the tool requires. */
  readonly scopes: readonly string[]
}

/**
 * Asks the client to get more scopes from the user: 403 with everything the next token must hold, so
 * that none is lost on the way (MCP 2026-07-28, authorization, runtime insufficient scope errors). Never
 * a stream, whose status would be 200. The call goes its way all the same, to be recorded, and may turn
 * out to be refused for another reason.
 */
async function refuseForScopes(
  deps: ToolsCallDeps,
  request: McpRequest,
  exchange: LackingExchange,
): Promise<Response> {
  const { json, ending } = await answerCall(deps, request, exchange)
  const { error } = ending
  if (error?.code !== 'insufficient_scope') return jsonResponse(json)
  const { scopes, principal, slug } = exchange
  const challenge = bearerChallenge({
    error: 'insufficient_scope',
    description: error.message,
    scopes: [...new Set([...(principal.scopes ?? []), ...scopes])].sort(),
    resourceMetadata: deps.resourceMetadataOf(slug),
  })
  const { message } = error
  const refusal = rpcErrorJson(request.id, { status: 403, code: rpcCodes.invalidRequest, message })
  const headers = { ...answerHeaders, 'www-authenticate': challenge }
  return new Response(refusal, { status: 403, headers })
}

/**
 * Tools here never ask back, so responses to questions are ignored (SEP-2322); what is no response at
 * all is refused like any other malformed request.
 */
function hasFitResponses({ inputResponses }: JsonObject): boolean {
  if (inputResponses === undefined) return true
  return isJsonObject(inputResponses) && Object.values(inputResponses).every(isJsonObject)
}

const unfitResponses: RpcError = {
  status: 200,
  code: rpcCodes.invalidParams,
  message: 'Invalid params: inputResponses must be an object of objects',
}

function wantedLevel(deps: ToolsCallDeps, { era, meta }: McpRequest, exchange: McpExchange) {
  const level = era === 'modern' ? meta[LOG_LEVEL_META_KEY] : deps.logLevels.of(exchange)
  return isLogLevel(level) ? level : null
}

function progressTokenOf({ meta }: McpRequest): string | number | null {
  const { progressToken } = meta
  return typeof progressToken === 'string' || typeof progressToken === 'number'
    ? progressToken
    : null
}

interface WatchedExchange extends AdmittedExchange {
  readonly interest: Interest
}

/** Answers as a stream of notices and the result; in JSON where there is nothing to tell but that. */
async function withNotices(
  deps: ToolsCallDeps,
  request: McpRequest,
  exchange: WatchedExchange,
): Promise<Response> {
  const { interest } = exchange
  const startedAtMs = performance.now()
  const answer = answerCall(deps, request, exchange)
  if (interest.logLevel === null) {
    const quick = await Promise.race([answer, Bun.sleep(firstNoticeMs).then(() => null)])
    if (quick !== null) return jsonResponse(quick.json)
  }
  return streamResponse({
    startedAtMs,
    opening: noticesAtStart(interest),
    waiting: (elapsedMs) => noticesWhileWaiting(interest, elapsedMs),
    closing: answer.then(({ json, ending }) => [...noticesAtEnd(interest, ending), json]),
  })
}

const jsonResponse = (json: string) => new Response(json, { headers: answerHeaders })

interface CallAnswer {
  /** The whole JSON-RPC response. */
  readonly json: string
  readonly ending: CallEnding
}

/** Runs the call and ends its lease; never rejects. */
async function answerCall(
  deps: ToolsCallDeps,
  request: McpRequest,
  exchange: AdmittedExchange,
): Promise<CallAnswer> {
  const { lease, principal } = exchange
  try {
    const result = await underLease(lease, () =>
      callTool(deps.executor, principal, toolCall(request, exchange)),
    )
    exchange.note.runId = result.runId
    if (result.error !== null) exchange.note.error = result.error
    const json = rpcResultJson(request.id, callResultJson(result, request.era))
    return { json, ending: result }
  } catch (thrown) {
    const error = thrown instanceof AppError ? thrown : new AppError('internal', { cause: thrown })
    exchange.note.error = error
    const json = rpcErrorJson(request.id, rpcErrorOf(error))
    return { json, ending: { runId: null, upstreamStatus: null, durationMs: null, error } }
  }
}

function rpcErrorOf(error: AppError): RpcError {
  const code = error.kind === 'invalid' ? rpcCodes.invalidParams : rpcCodes.internalError
  const { message, reason } = error
  return { status: 200, code, message, ...(reason === undefined ? {} : { reason }) }
}

function toolCall(request: McpRequest, exchange: McpExchange): ToolCall {
  const { params, meta } = request
  const traceparent = meta.traceparent
  return {
    name: String(params.name),
    arguments: (params.arguments ?? {}) as JsonObject,
    source: 'mcp',
    signal: exchange.signal,
    traceparent:
      typeof traceparent === 'string' ? traceparent : exchange.headers.get('traceparent'),
    idempotencyKey: meta['tengine/idempotency_key'] ?? exchange.headers.get('idempotency-key'),
    actor: null,
  }
}

const resolve = (deps: ExecutorDeps, request: McpRequest, principal: Principal) =>
  deps.tools.resolve(principal.projectId, principal.projectEpoch, String(request.params.name))

/** Only the stateless revision asks clients to mirror arguments in headers. */
function mirroredMismatch(
  compiled: CompiledTool | null,
  request: McpRequest,
  exchange: McpExchange,
): RpcError | null {
  if (compiled === null) return null
  const args = (request.params.arguments ?? {}) as JsonObject
  const mismatch = paramHeaderMismatch(compiled.tool.definition.inputSchema, args, exchange.headers)
  if (mismatch === null) return null
  const message = `Bad Request: the request headers and body disagree: ${mismatch}`
  return { status: 400, code: rpcCodes.headerMismatch, message }
}
