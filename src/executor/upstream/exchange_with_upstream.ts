import { AppError } from '../../errors.ts'
import { isReadMethod } from '../../model/tool.ts'
import type { CompiledTool } from '../compile_tool.ts'
import type { Connector } from '../connector/connector.ts'
import type { Guard, GuardedTarget } from '../guard_target.ts'
import type { RenderedRequest } from '../render_request.ts'
import {
  ExchangeError,
  type SendOptions,
  sendRequest,
  type UpstreamResponse,
} from '../send_request.ts'
import { type AttemptStamp, type PreparedAuth, signRequest } from '../sign_request.ts'
import { attemptEnd, healthOf } from './attempt_end.ts'
import type { AttemptTrail, EndedAttempt } from './attempt_trail.ts'
import type { Ticket } from './breaker.ts'
import { pause } from './pace.ts'
import { decideRetry, isRetryStatus, type RetryDecision } from './retry_policy.ts'
import type { Upstream } from './upstream.ts'
import type { Upstreams } from './upstreams.ts'

/** What an exchange goes through. */
export interface UpstreamDeps {
  readonly guard: Guard
  readonly connector: Connector
  readonly upstreams: Upstreams
}

/** A call that is ready to be sent, as often as it takes. */
export interface UpstreamCall {
  readonly projectId: number
  readonly compiled: CompiledTool
  /** When the call began, on the clock of `performance.now()`. */
  readonly startedAtMs: number
  /** Takes down every attempt. */
  readonly trail: AttemptTrail
  auth(): PreparedAuth
  /** Of this moment: the timestamp moves, the id stays. */
  stamp(): AttemptStamp
  limits(): SendOptions
  /**
   * Whether credential and tool still stand, once more after a wait (R3).
   * @throws AppError aborted_before_send
   */
  refuseIfRevoked(): Promise<void>
}

/**
 * Sends a request and reads its answer, and sends it again where that is safe and worth it, inside the
 * caller's deadline (reliability.md §4). Every attempt waits for its turn, asks the guard for a fresh
 * address and is signed anew. When a further attempt comes to nothing, what the last one that reached
 * the upstream came to stands.
 * @throws ExchangeError - there is no complete answer; `sent` covers all attempts together
 * @throws AppError - nothing was sent at all
 */
export async function exchangeWithUpstream(
  deps: UpstreamDeps,
  call: UpstreamCall,
  rendered: RenderedRequest,
): Promise<UpstreamResponse> {
  const upstream = deps.upstreams.of(call.projectId, call.compiled.baseUrl.origin)
  upstream.countCall()
  const sending: Sending = { deps, call, rendered, upstream }
  const first = await attempt(sending)
  call.trail.push(first)
  const { response } = first
  if (response !== null && !isRetryStatus(response.status)) return response
  return verdict(call, await sendAgain(sending, first))
}

interface Sending {
  readonly deps: UpstreamDeps
  readonly call: UpstreamCall
  readonly rendered: RenderedRequest
  readonly upstream: Upstream
}

/** What all attempts together came to. */
interface Sum {
  /** The last one that reached the upstream; where none did, the first that tried to. */
  readonly stands: EndedAttempt
  /** Whether some attempt left and was not answered. */
  readonly hasLost: boolean
}

async function sendAgain(sending: Sending, first: EndedAttempt): Promise<Sum> {
  const { call, deps, upstream } = sending
  let stands = first
  let hasLost = isLost(first)
  let last = first
  for (let attempts = 1; ; attempts++) {
    const decision = decide(sending, last, attempts)
    call.trail.followed(decision.kind === 'again' ? 'retried' : decision.why)
    if (decision.kind !== 'again') return { stands, hasLost }
    upstream.countRetry()
    if (!(await pause(deps.upstreams.pace, decision.afterMs, call.limits().signal))) {
      call.trail.followed(null)
      return { stands, hasLost }
    }
    last = await attempt(sending, true)
    call.trail.push(last)
    hasLost ||= isLost(last)
    if (wasSent(last) || (!wasSent(stands) && !wasDialled(stands) && wasDialled(last)))
      stands = last
    if (last.response !== null && !isRetryStatus(last.response.status)) return { stands, hasLost }
  }
}

function decide(
  { call, deps, upstream }: Sending,
  last: EndedAttempt,
  attempts: number,
): RetryDecision {
  const { pace } = deps.upstreams
  const { httpMethod: method, retry: policy, sendIdempotencyKey } = call.compiled.tool.definition
  return decideRetry({
    end: attemptEnd(last, pace.epochMs()),
    method,
    policy,
    sendsKey: sendIdempotencyKey,
    attempts,
    leftMs: call.limits().deadlineAtMs - pace.nowMs(),
    hasBudget: upstream.hasRetryBudget,
    isDown: upstream.isDown,
    random: pace.random(),
  })
}

function verdict({ compiled }: UpstreamCall, { stands, hasLost }: Sum): UpstreamResponse {
  const { response, error } = stands
  if (response === null) throw error ?? new AppError('internal')
  const isRead = isReadMethod(compiled.tool.definition.httpMethod)
  const mayHaveHappened = !isRead && isRetryStatus(response.status) && hasLost
  return mayHaveHappened ? throwUnknown(response) : response
}

const isLost = ({ error }: EndedAttempt) => error instanceof ExchangeError && error.sent === 'maybe'
const wasSent = (ended: EndedAttempt) => ended.response !== null || isLost(ended)
const wasDialled = ({ error }: EndedAttempt) => error instanceof ExchangeError

/** The last answer says nothing of the attempt before it that got none. */
function throwUnknown({ status, timings, bytesReceived }: UpstreamResponse): never {
  const reason = `An earlier attempt got no answer, and the last one was answered ${status}.`
  const error = new AppError('upstream_status', { reason })
  throw new ExchangeError({ error, sent: 'maybe', status: undefined, timings, bytesReceived })
}

/** One attempt, from its place in the queue to its answer; never throws. */
async function attempt(sending: Sending, isAgain = false): Promise<EndedAttempt> {
  const { call, deps, upstream } = sending
  const { pace } = deps.upstreams
  const limits = call.limits()
  const startedAtMs = pace.nowMs()
  const ended = unended(startedAtMs - call.startedAtMs)
  let ticket: Ticket | null = null
  let hasPlace = false
  try {
    const turn = upstream.enter(limits)
    if (turn !== undefined) await turn
    hasPlace = true
    if (turn !== undefined) ended.queueMs = pace.nowMs() - startedAtMs
    ticket = upstream.admit()
    if (isAgain || turn !== undefined) await call.refuseIfRevoked()
    ended.response = await sendNow(sending, limits, ended)
  } catch (error) {
    ended.error = knownError(error)
    if (!hasPlace) ended.queueMs = pace.nowMs() - startedAtMs
  }
  if (ticket !== null) note(sending, ticket, ended)
  if (hasPlace) upstream.leave()
  return ended
}

const unended = (startedMs: number): EndedAttempt => ({
  startedMs,
  queueMs: 0,
  dnsMs: 0,
  response: null,
  error: null,
})

function sendNow(
  sending: Sending,
  limits: SendOptions,
  ended: EndedAttempt,
): Promise<UpstreamResponse> {
  const { call, deps } = sending
  const checked = deps.guard.check(call.compiled.baseUrl)
  return checked instanceof Promise
    ? lookedUp(deps, checked, ended).then((target) => sendTo(target, sending, limits))
    : sendTo(checked, sending, limits)
}

function sendTo(
  target: GuardedTarget,
  { call, deps, rendered }: Sending,
  limits: SendOptions,
): Promise<UpstreamResponse> {
  const signed = signRequest(rendered, call.auth(), call.stamp())
  return sendRequest(deps.connector, target, signed, limits)
}

async function lookedUp(
  { upstreams: { pace } }: UpstreamDeps,
  target: Promise<GuardedTarget>,
  ended: EndedAttempt,
): Promise<GuardedTarget> {
  const startedAtMs = pace.nowMs()
  try {
    return await target
  } finally {
    ended.dnsMs = pace.nowMs() - startedAtMs
  }
}

function note({ call, deps, upstream }: Sending, ticket: Ticket, ended: EndedAttempt): void {
  const { error } = ended
  const failure = error instanceof ExchangeError ? error.error : error
  const change = upstream.note(ticket, healthOf(ended), failure ?? statusFailure(ended))
  if (change !== null) deps.upstreams.changed(call.projectId, upstream, change)
}

function statusFailure({ response }: EndedAttempt): AppError | null {
  if (response === null || !isRetryStatus(response.status)) return null
  const reason = `The upstream answered ${response.status}.`
  return new AppError('upstream_status', { reason })
}

const knownError = (error: unknown) =>
  error instanceof ExchangeError || error instanceof AppError
    ? error
    : new AppError('tool_execution_failed', { cause: error })
