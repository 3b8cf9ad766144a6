import type { MasterKey } from '../crypto/master_key.ts'
import { AppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import { formatRunId } from '../lib/run_id.ts'
import { nextTraceparent } from '../lib/trace_context.ts'
import type { Principal } from '../model/principal.ts'
import type { RunOutcome, RunSource, RunStart } from '../model/run.ts'
import { isReadMethod } from '../model/tool.ts'
import type { Database } from '../store/database.ts'
import { authorize, type Permit } from './authorize.ts'
import { checkOutput } from './check_output.ts'
import { claimRun } from './claim_run.ts'
import type { CompiledTool } from './compile_tool.ts'
import type { Connector } from './connector/connector.ts'
import { type Failure, finishRun, verdictOf } from './finish_run.ts'
import type { Guard } from './guard_target.ts'
import { readResponse, type ToolOutput } from './read_response.ts'
import { type CallerVariables, type RenderedRequest, renderRequest } from './render_request.ts'
import type { ToolCache } from './resolve_tool.ts'
import { ExchangeError, sendRequest } from './send_request.ts'
import { type AttemptStamp, signRequest } from './sign_request.ts'
import { validateArguments } from './validate_arguments.ts'

/** The whole outside world of a tool call; a test builds it and calls. */
export interface ExecutorDeps {
  readonly database: Database
  readonly clock: Clock
  readonly masterKey: MasterKey
  readonly tools: ToolCache
  readonly guard: Guard
  readonly connector: Connector
  readonly newRunId: () => Uint8Array
}

/** A call as it came through one of the doors. */
export interface ToolCall {
  readonly name: string
  readonly arguments: JsonObject
  readonly source: RunSource
  /** Fires when the caller goes away: aborts a read, and a write that was not sent yet (case 37). */
  readonly signal: AbortSignal | null
  /** The caller's `traceparent`, where it sent one. */
  readonly traceparent: string | null
}

/** What a call came to. */
export interface ToolCallResult {
  /** The Run ID, also sent upstream as `X-Tengine-Request-Id`. */
  readonly runId: string
  /** HTTP status of the upstream; null when none was received. */
  readonly upstreamStatus: number | null
  readonly durationMs: number
  /** What the model gets; null when `error` says why not. */
  readonly output: ToolOutput | null
  readonly error: AppError | null
}

/**
 * One tool call, from name and arguments to a recorded result. Read it top to bottom: each room's
 * result is the next one's key, and everything after the claim is closed exactly once.
 * @throws AppError unknown_tool - there is nothing to keep a record of
 */
export async function callTool(
  deps: ExecutorDeps,
  principal: Principal,
  call: ToolCall,
): Promise<ToolCallResult> {
  const startedAtMs = deps.clock.monotonicMs()
  const compiled = await deps.tools.resolve(principal.projectId, principal.projectEpoch, call.name)
  if (compiled === null) throw unknownTool(call.name)
  const attempt = new Attempt(deps, { principal, compiled, call, startedAtMs })
  try {
    const permit = authorize(principal, compiled)
    const args = validateArguments(permit, call.arguments)
    const rendered = renderRequest(compiled.template, args, attempt.caller)
    await attempt.claim(permit, rendered)
    const target = await deps.guard.check(compiled.baseUrl)
    const signed = signRequest(rendered, attempt.auth(), attempt.stamp())
    const response = await sendRequest(deps.connector, target, signed, attempt.limits())
    attempt.answered(response)
    const output = readResponse(response, { runId: attempt.runId, secrets: compiled.secrets })
    return await attempt.succeed(checkOutput(compiled, output))
  } catch (error) {
    return await attempt.fail(error)
  }
}

const unknownTool = (name: string) =>
  new AppError('unknown_tool', { detail: `Unknown tool: ${name.slice(0, 64)}` })

interface AttemptInputs {
  readonly principal: Principal
  readonly compiled: CompiledTool
  readonly call: ToolCall
  readonly startedAtMs: number
}

/** What is known of the call under way: enough to record it however it ends. */
class Attempt {
  readonly runId: string
  readonly caller: CallerVariables
  private readonly deps: ExecutorDeps
  private readonly inputs: AttemptInputs
  private readonly run: RunStart
  private wasClaimed = false
  private requestBytes = 0
  private responseBytes = 0
  private upstreamStatus: number | null = null
  private upstreamMs: number | null = null

  constructor(deps: ExecutorDeps, inputs: AttemptInputs) {
    const { principal, compiled, call } = inputs
    this.deps = deps
    this.inputs = inputs
    this.run = {
      id: deps.newRunId(),
      projectId: principal.projectId,
      integrationId: principal.integrationId,
      toolId: compiled.tool.id,
      toolVersion: compiled.tool.version,
      memberExternalId: principal.member?.externalId ?? null,
      memberId: principal.session?.memberId ?? principal.grant?.memberId ?? null,
      memberSource: principal.member?.source ?? null,
      httpMethod: compiled.tool.definition.httpMethod,
      startedAtMs: deps.clock.nowMs(),
      source: call.source,
    }
    this.runId = formatRunId(this.run.id)
    this.caller = callerVariables(principal)
  }

  async claim(permit: Permit, rendered: RenderedRequest): Promise<void> {
    this.requestBytes = rendered.body?.byteLength ?? 0
    this.wasClaimed = await claimRun(this.deps.database, permit, this.run)
    if (this.inputs.call.signal?.aborted) throw new AppError('call_cancelled')
  }

  auth() {
    const { auth, authFailure } = this.inputs.compiled
    if (auth === null) throw authFailure ?? new AppError('secret_undecryptable')
    return auth
  }

  stamp(): AttemptStamp {
    const { principal, compiled, call } = this.inputs
    const { definition } = compiled.tool
    return {
      requestId: this.runId,
      timestampSeconds: Math.floor(this.deps.clock.nowMs() / 1000),
      traceparent: nextTraceparent(call.traceparent, this.runId),
      caller: this.caller,
      member: principal.member,
      inject: definition.injectMemberIdentity,
      idempotencyKey: sendsKey(compiled) ? this.runId : null,
    }
  }

  limits() {
    const { definition } = this.inputs.compiled.tool
    return {
      deadlineAtMs: this.inputs.startedAtMs + definition.timeoutMs,
      maxResponseBytes: definition.maxResponseBytes,
      // A write that left is left to finish: its outcome must be known (case 37).
      signal: isReadMethod(definition.httpMethod) ? this.inputs.call.signal : null,
    }
  }

  answered(response: {
    status: number
    bytesReceived: number
    timings: { totalMs: number }
  }): void {
    this.upstreamStatus = response.status
    this.upstreamMs = response.timings.totalMs
    this.responseBytes = response.bytesReceived
  }

  async succeed(output: ToolOutput): Promise<ToolCallResult> {
    await this.finish('done', null)
    return this.result(output, null)
  }

  async fail(thrown: unknown): Promise<ToolCallResult> {
    const failure = this.failureOf(thrown)
    this.upstreamStatus ??= failure.upstreamStatus
    const { state, error } = verdictOf(this.run, failure)
    try {
      await this.finish(state, error)
      return this.result(null, error)
    } catch (recordingError) {
      return this.result(null, asAppError(recordingError))
    }
  }

  private failureOf(thrown: unknown): Failure {
    if (thrown instanceof ExchangeError) {
      const { error, sent, status } = thrown
      return { error, mayHaveBeenSent: sent === 'maybe', upstreamStatus: status ?? null }
    }
    const wasAnswered = this.upstreamStatus !== null
    return {
      error: asAppError(thrown),
      mayHaveBeenSent: wasAnswered,
      upstreamStatus: this.upstreamStatus,
    }
  }

  private finish(state: RunOutcome['state'], error: AppError | null): Promise<void> {
    const outcome: RunOutcome = {
      state,
      upstreamStatus: this.upstreamStatus,
      errorCode: error?.code ?? null,
      errorReason: error === null ? null : (error.reason ?? error.message).slice(0, 2_000),
      finishedAtMs: this.deps.clock.nowMs(),
      durationMs: this.durationMs(),
      upstreamMs: this.upstreamMs,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
    }
    return finishRun(this.deps.database, { run: this.run, wasClaimed: this.wasClaimed, outcome })
  }

  private result(output: ToolOutput | null, error: AppError | null): ToolCallResult {
    const { runId, upstreamStatus } = this
    return { runId, upstreamStatus, durationMs: this.durationMs(), output, error }
  }

  private durationMs(): number {
    return Math.round((this.deps.clock.monotonicMs() - this.inputs.startedAtMs) * 100) / 100
  }
}

/** Whether a call of the tool carries `Idempotency-Key` (wire.md §6). */
export function sendsKey({ tool }: CompiledTool): boolean {
  return tool.definition.sendIdempotencyKey && !isReadMethod(tool.definition.httpMethod)
}

/** The reserved template variables of a caller (wire.md §5). */
export function callerVariables(principal: Principal): CallerVariables {
  return {
    projectId: String(principal.projectId),
    integrationId: String(principal.integrationId),
    memberId: principal.member?.externalId ?? null,
  }
}

const asAppError = (error: unknown) =>
  error instanceof AppError ? error : new AppError('tool_execution_failed', { cause: error })
