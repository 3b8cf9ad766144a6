import { AppError } from '../../errors.ts'
import { formatRunId } from '../../lib/run_id.ts'
import { nextTraceparent } from '../../lib/trace_context.ts'
import type { EarlierRun } from '../../store/run_claim_store.ts'
import type { ExecutorDeps } from '../call_tool.ts'
import type { CompiledTool } from '../compile_tool.ts'
import { answerValue } from '../response/answer_value.ts'
import { bodyText } from '../response/body_text.ts'
import { ProjectionFault } from '../response/work_budget.ts'
import { ExchangeError, sendRequest, type UpstreamResponse } from '../send_request.ts'
import { signRequest, withToken } from '../sign_request.ts'
import { type CompiledVerify, type VerifyPlan, verifyOf } from './verify_rule.ts'

/** What asking the upstream told of a write whose outcome is unknown. */
export interface Verdict {
  readonly outcome: 'done' | 'not_done' | 'unclear'
  /** One sentence for people. */
  readonly reason: string
}

const MAX_WAIT_MS = 10_000

/**
 * Asks the upstream, by the tool's verify rule and through the same guard and signing as a call,
 * whether a write took effect. Anything but a JSON answer of status 2xx is unclear; and that nothing
 * is there counts only once the upstream has had as long again as the call, for it may be at work yet.
 */
export async function verifyRun(
  deps: ExecutorDeps,
  compiled: CompiledTool,
  { earlier, plan }: { readonly earlier: EarlierRun; readonly plan: VerifyPlan },
): Promise<Verdict> {
  const rule = verifyOf(compiled.tool.definition)
  if (rule === null) throw new AppError('run_not_verifiable')
  try {
    const isDone = judge(rule, await ask(deps, compiled, plan))
    if (isDone) return { outcome: 'done', reason: 'The API shows that the request took effect.' }
    return notDone(earlier, compiled.tool.definition.timeoutMs, deps.clock.nowMs())
  } catch (error) {
    return { outcome: 'unclear', reason: `The API could not be asked: ${faultOf(error)}` }
  }
}

function notDone({ startedAtMs }: EarlierRun, timeoutMs: number, nowMs: number): Verdict {
  const leftMs = startedAtMs + 2 * timeoutMs - nowMs
  if (leftMs <= 0) {
    return { outcome: 'not_done', reason: 'The API shows that the request had no effect.' }
  }
  const seconds = Math.ceil(leftMs / 1_000)
  const reason = `The API shows no effect yet, but may still be at work; ask again in ${seconds} s.`
  return { outcome: 'unclear', reason }
}

async function ask(
  deps: ExecutorDeps,
  compiled: CompiledTool,
  plan: VerifyPlan,
): Promise<UpstreamResponse> {
  const { definition } = compiled.tool
  const waitMs = Math.min(definition.timeoutMs, MAX_WAIT_MS)
  const deadlineAtMs = deps.clock.monotonicMs() + waitMs
  const target = await deps.guard.check(compiled.baseUrl)
  const { headers, caller, member } = plan
  // A request of its own: under the id of the write, a receiver would take it for a repeat.
  const requestId = formatRunId(deps.newRunId())
  const rendered = { method: 'GET' as const, baseUrl: definition.baseUrl, target: plan.target }
  const signed = signRequest(
    { ...rendered, headers, body: null },
    await authOf(deps, compiled, waitMs),
    {
      requestId,
      timestampSeconds: Math.floor(deps.clock.nowMs() / 1000),
      traceparent: nextTraceparent(null, requestId),
      caller,
      member,
      inject: definition.injectMemberIdentity,
      idempotencyKey: null,
    },
  )
  const { maxResponseBytes } = definition
  const bounds = { deadlineAtMs, maxResponseBytes, signal: null }
  return sendRequest(deps.connector, target, signed, bounds)
}

async function authOf(deps: ExecutorDeps, { auth, authFailure }: CompiledTool, waitMs: number) {
  if (auth === null) throw authFailure ?? new AppError('secret_undecryptable')
  if (auth.client === null) return auth
  return withToken(auth, (await deps.upstreamTokens.get(auth.client, waitMs)).value)
}

function judge(rule: CompiledVerify, response: UpstreamResponse): boolean {
  const { status } = response
  if (status < 200 || status > 299) throw new NoVerdict(`it answered with HTTP status ${status}.`)
  try {
    return rule.isDone(answerValue(bodyText(response, null).text))
  } catch (cause) {
    if (cause instanceof ProjectionFault) throw new NoVerdict(`verify.done fails: ${cause.message}`)
    throw new NoVerdict('its answer is not JSON.')
  }
}

/** Why an answer tells nothing. */
class NoVerdict extends Error {}

function faultOf(error: unknown): string {
  const known = error instanceof ExchangeError ? error.error : error
  if (known instanceof AppError) return known.reason ?? `${known.message}.`
  return known instanceof NoVerdict ? known.message : 'it failed here.'
}
