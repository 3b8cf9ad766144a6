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
import { recordLateAnswer } from '../store/run_store.ts'
import { authorize, type Permit } from './authorize.ts'
import { callerVariables } from './caller_variables.ts'
import { checkOutput } from './check_output.ts'
import { refuseIfRevoked } from './claim_run.ts'
import type { CompiledTool } from './compile_tool.ts'
import type { Connector } from './connector/connector.ts'
import type { LateAnswer } from './connector/exchange.ts'
import { type Failure, finishRun, recordJoined, verdictOf } from './finish_run.ts'
import type { Guard } from './guard_target.ts'
import type { RepeatAnswer } from './ledger/answer_repeat.ts'
import type { Ledger } from './ledger/ledger.ts'
import { LedgerEntry } from './ledger/ledger_entry.ts'
import type { Answer } from './ledger/stored_answer.ts'
import { readResponse, type ToolOutput } from './read_response.ts'
import type { CallerVariables, RenderedRequest } from './render_request.ts'
import type { ToolCache } from './resolve_tool.ts'
import { ExchangeError, type SendOptions } from './send_request.ts'
import { shapeResponse } from './shape_response.ts'
import { type AttemptStamp, type PreparedAuth, withToken } from './sign_request.ts'
import { AttemptTrail } from './upstream/attempt_trail.ts'
import { exchangeWithUpstream, type UpstreamCall } from './upstream/exchange_with_upstream.ts'
import type { Upstreams } from './upstream/upstreams.ts'
import type { UpstreamToken, UpstreamTokens } from './upstream_tokens.ts'
import { validateArguments } from './validate_arguments.ts'

/** The whole outside world of a tool call; a test builds it and calls. */
export interface ExecutorDeps {
  readonly database: Database
  readonly clock: Clock
  readonly masterKey: MasterKey
  readonly tools: ToolCache
  readonly guard: Guard
  readonly connector: Connector
  readonly upstreams: Upstreams
  readonly upstreamTokens: UpstreamTokens
  readonly ledger: Ledger
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
  /** What the caller names its request by, unchecked; null for none (wire.md §7). */
  readonly idempotencyKey: unknown
  /** Which administrator tries the tool out; null for everybody else. */
  readonly actor: string | null
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
  /** Whether an earlier run answered it, and nothing was sent. */
  readonly isReplayed: boolean
  /** Whether the run is this call's own; false where another call's run answered it. */
  readonly isOwnRun: boolean
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
    const rendered = compiled.plan.render(args, attempt.caller)
    const underWay = attempt.entry.enter(permit)
    if (underWay !== null) {
      return (await attempt.join(underWay)) ?? (await callTool(deps, principal, call))
    }
    if (compiled.auth !== null && compiled.auth.client !== null) await attempt.fetchToken()
    const earlier = await attempt.claim(permit, rendered)
    if (earlier !== null) return attempt.repeat(earlier)
    const response = await exchangeWithUpstream(deps, attempt.outgoing(permit), rendered)
    attempt.answered(response)
    const output = readResponse(response, { runId: attempt.runId, secrets: attempt.secrets() })
    const checked = checkOutput(compiled, output)
    return await attempt.succeed(await shapeResponse(deps, permit, checked))
  } catch (error) {
    return await attempt.fail(error)
  } finally {
    attempt.close()
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
  readonly entry: LedgerEntry
  private readonly deps: ExecutorDeps
  private readonly inputs: AttemptInputs
  private run: RunStart
  private wasClaimed = false
  private ended: ToolCallResult | null = null
  private readonly trail = new AttemptTrail()
  private token: UpstreamToken | null = null
  private attempts = 0
  private requestBytes = 0
  private responseBytes = 0
  private upstreamStatus: number | null = null
  private upstreamMs: number | null = null

  constructor(deps: ExecutorDeps, inputs: AttemptInputs) {
    const { principal, compiled, call } = inputs
    this.deps = deps
    this.inputs = inputs
    this.entry = new LedgerEntry(deps, call)
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
      claim: null,
    }
    this.runId = formatRunId(this.run.id)
    this.caller = callerVariables(principal)
  }

  /** Waits for the same request; null where it ended for a reason that was its sender's alone. */
  async join(underWay: Promise<ToolCallResult>): Promise<ToolCallResult | null> {
    const shared = await underWay
    const code = shared.error?.code
    if (code === 'aborted_before_send' || code === 'call_cancelled') return null
    return { ...shared, durationMs: this.durationMs(), isOwnRun: false }
  }

  /** A read that no repeat may be answered from needs no claim. */
  async claim(permit: Permit, rendered: RenderedRequest): Promise<RepeatAnswer | null> {
    this.requestBytes = rendered.body?.byteLength ?? 0
    const claim = this.entry.claimed
    if (claim !== null || !isReadMethod(this.run.httpMethod)) {
      const run = claim === null ? this.run : { ...this.run, claim }
      const earlier = await this.entry.claim(permit, { run, runId: this.runId })
      if (earlier !== null) return earlier
      this.run = run
      this.wasClaimed = true
    }
    if (this.entry.signal?.aborted) throw new AppError('call_cancelled')
    return null
  }

  /** Tells what an earlier run says to a repeat of its request. */
  repeat(earlier: RepeatAnswer): ToolCallResult {
    this.ended = { ...earlier, durationMs: this.durationMs(), isOwnRun: false }
    return this.ended
  }

  /** Whoever joined gets the answer; those who came while it was written down are counted yet. */
  close(): void {
    this.entry.close(this.ended)
  }

  /** Before anything is claimed: without a token nothing will be sent. */
  async fetchToken(): Promise<void> {
    const { client } = this.auth()
    if (client === null) return
    const { timeoutMs } = this.inputs.compiled.tool.definition
    const spentMs = this.deps.clock.monotonicMs() - this.inputs.startedAtMs
    this.token = await this.deps.upstreamTokens.get(client, timeoutMs - spentMs)
  }

  auth(): PreparedAuth {
    const { auth, authFailure } = this.inputs.compiled
    if (auth === null) throw authFailure ?? new AppError('secret_undecryptable')
    return this.token === null ? auth : withToken(auth, this.token.value)
  }

  /** What the request carried and must not come back. */
  secrets(): readonly string[] {
    return this.token?.secrets ?? this.inputs.compiled.secrets
  }

  stamp(): AttemptStamp {
    this.attempts++
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

  /** What every attempt at the upstream needs of the call. */
  outgoing(permit: Permit): UpstreamCall {
    const { inputs, deps, run, trail } = this
    return {
      projectId: run.projectId,
      compiled: inputs.compiled,
      startedAtMs: inputs.startedAtMs,
      trail,
      auth: () => this.auth(),
      stamp: () => this.stamp(),
      limits: () => this.limits(),
      refuseIfRevoked: () =>
        refuseIfRevoked(deps.database, permit, { ...run, startedAtMs: deps.clock.nowMs() }),
    }
  }

  private limits(): SendOptions {
    const { definition } = this.inputs.compiled.tool
    const isRead = isReadMethod(definition.httpMethod)
    return {
      deadlineAtMs: this.inputs.startedAtMs + definition.timeoutMs,
      maxResponseBytes: definition.maxResponseBytes,
      // A write that left is left to finish: its outcome must be known (case 37).
      signal: isRead ? this.entry.signal : null,
      onLate: isRead ? null : (answer) => this.noteLate(answer),
    }
  }

  private noteLate(answer: LateAnswer): void {
    const { deps, run } = this
    // Nobody waits for it, and the run is closed: what cannot be written is let go.
    deps.database.record(() => recordLateAnswer(run, answer), 'written').catch(() => undefined)
  }

  answered(response: {
    status: number
    bytesReceived: number
    timings: { totalMs: number }
  }): void {
    this.upstreamStatus = response.status
    const { auth } = this.inputs.compiled
    if (response.status === 401 && this.token !== null && auth !== null && auth.client !== null) {
      this.deps.upstreamTokens.refused(auth.client, this.token)
    }
    this.upstreamMs = response.timings.totalMs
    this.responseBytes = response.bytesReceived
  }

  async succeed(output: ToolOutput): Promise<ToolCallResult> {
    await this.finish('done', { output, error: null })
    return this.result(output, null)
  }

  async fail(thrown: unknown): Promise<ToolCallResult> {
    const failure = this.failureOf(thrown)
    this.upstreamStatus ??= failure.upstreamStatus
    const { state, error } = verdictOf(this.run, failure)
    try {
      await this.finish(state, { output: null, error })
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

  private async finish(state: RunOutcome['state'], { output, error }: Answer): Promise<void> {
    const { run, wasClaimed, entry, upstreamStatus, deps } = this
    const joined = entry.joined
    const outcome: RunOutcome = {
      state,
      upstreamStatus,
      errorCode: error?.code ?? null,
      errorReason: error === null ? null : (error.reason ?? error.message).slice(0, 2_000),
      finishedAtMs: this.deps.clock.nowMs(),
      durationMs: this.durationMs(),
      upstreamMs: this.upstreamMs,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      attempts: this.attempts,
      joined,
      timeline: this.trail.packed(),
    }
    const kept = entry.keptOf(this.runId, { state, upstreamStatus, output, error })
    const time = deps.ledger.time()
    await finishRun(deps.database, { run, wasClaimed, outcome, kept, time })
    if (entry.joined > joined) await recordJoined(deps.database, run, entry.joined)
  }

  private result(output: ToolOutput | null, error: AppError | null): ToolCallResult {
    const { runId, upstreamStatus } = this
    const durationMs = this.durationMs()
    this.ended = {
      runId,
      upstreamStatus,
      durationMs,
      output,
      error,
      isReplayed: false,
      isOwnRun: true,
    }
    return this.ended
  }

  private durationMs(): number {
    return Math.round((this.deps.clock.monotonicMs() - this.inputs.startedAtMs) * 100) / 100
  }
}

/** Whether a call of the tool carries `Idempotency-Key` (wire.md §6). */
export function sendsKey({ tool }: CompiledTool): boolean {
  return tool.definition.sendIdempotencyKey && !isReadMethod(tool.definition.httpMethod)
}

const asAppError = (error: unknown) =>
  error instanceof AppError ? error : new AppError('tool_execution_failed', { cause: error })
