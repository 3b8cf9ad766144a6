import { AppError } from '../../errors.ts'
import { claimLeftMs, type EarlierRun, settleRun } from '../../store/run_claim_store.ts'
import type { Permit } from '../authorize.ts'
import type { ExecutorDeps } from '../call_tool.ts'
import type { ToolOutput } from '../read_response.ts'
import { repeatNote, settledText, spanText, tooLargeText } from './repeat_text.ts'
import type { RequestIdentity } from './request_identity.ts'
import { type Answer, type TooLarge, unpackAnswer } from './stored_answer.ts'
import type { VerifyPlan } from './verify_rule.ts'
import { verifyRun } from './verify_run.ts'

/** A repeat of a request that another run stands for. */
export interface Repeat {
  readonly earlier: EarlierRun
  readonly identity: RequestIdentity
  /** How to find out what became of it; null where nobody can tell. */
  readonly plan: VerifyPlan | null
}

/** What a repeat is told. */
export interface RepeatAnswer extends Answer {
  readonly runId: string
  readonly upstreamStatus: number | null
  /** Whether it is the answer of the request; else nobody knows what became of it. */
  readonly isReplayed: boolean
}

/**
 * Answers a repeat from the run that stands for its request, without sending it (wire.md §7). Null
 * where that run turned out to have had no effect: the request may be sent now.
 * @throws AppError idempotency_key_reuse - the key stands for another request
 */
export async function answerRepeat(
  deps: ExecutorDeps,
  permit: Permit,
  repeat: Repeat,
): Promise<RepeatAnswer | null> {
  const { earlier, identity } = repeat
  refuseOther(earlier, identity)
  if (earlier.state === 'done') return replay(deps, repeat)
  const verdict = await findOut(deps, permit, repeat)
  if (verdict === 'not_done') return null
  if (verdict === 'done') {
    const settled = {
      ...earlier,
      state: 'done' as const,
      sealed: null,
      settledBy: 'verify' as const,
    }
    return replay(deps, { ...repeat, earlier: settled })
  }
  const error = unknownOutcome(deps, earlier, verdict.reason)
  const { runId, upstreamStatus } = earlier
  return { runId, upstreamStatus, output: null, error, isReplayed: false }
}

/** Whether two requests under one key are the same (case 204). @throws AppError */
function refuseOther({ requestHash, runId }: EarlierRun, { claim }: RequestIdentity): void {
  const own = claim?.requestHash ?? null
  if (own === null || requestHash === null || Buffer.from(own).equals(requestHash)) return
  throw keyReuse(runId)
}

/** A key that stands for another request. */
export const keyReuse = (runId: string | null) =>
  new AppError('idempotency_key_reuse', {
    reason: `It stands for another tool or other arguments${runId === null ? '' : ` (run ${runId})`}; nothing was sent. Give every request a key of its own.`,
  })

async function findOut(
  deps: ExecutorDeps,
  { compiled }: Permit,
  { earlier, plan }: Repeat,
): Promise<'done' | 'not_done' | { readonly reason: string | null }> {
  if (plan === null || earlier.state !== 'unknown') return { reason: null }
  const { outcome, reason } = await verifyRun(deps, compiled, { earlier, plan })
  if (outcome === 'unclear') return { reason }
  const settlement = { outcome, by: 'verify', note: reason, atMs: deps.clock.nowMs() } as const
  await deps.database.write(() => settleRun(earlier, settlement))
  return outcome
}

function unknownOutcome(deps: ExecutorDeps, earlier: EarlierRun, found: string | null): AppError {
  const { runId, startedAtMs, errorReason } = earlier
  const ago = spanText(deps.clock.nowMs() - startedAtMs)
  const parts = [
    `The same request was sent ${ago} ago (run ${runId}) and nobody knows what became of it; nothing was sent this time.`,
    errorReason ?? '',
    found ?? '',
    `An administrator can settle it (gatehouse runs resolve ${runId}); a new idempotency key repeats it for certain.`,
  ]
  return new AppError('outcome_unknown', { reason: parts.filter(Boolean).join(' ') })
}

function replay(deps: ExecutorDeps, { earlier, identity }: Repeat): RepeatAnswer {
  const note = repeatNote({
    agoMs: deps.clock.nowMs() - earlier.startedAtMs,
    leftMs: claimLeftMs(earlier, deps.ledger.time()),
    isKeyed: identity.claim?.requestHash != null,
  })
  const stored = keptAnswer(deps, earlier)
  if (stored === null) return { ...base(earlier), ...textAnswer(settledText(earlier), note) }
  if ('bytes' in stored) {
    return { ...base(earlier), ...textAnswer(tooLargeText(stored, earlier), note) }
  }
  return { ...base(earlier), ...noted(stored, note) }
}

const base = ({ runId, upstreamStatus }: EarlierRun) => ({
  runId,
  upstreamStatus,
  isReplayed: true,
})

/** Null where nothing was kept, or it does not open any more: the request is not sent again for that. */
function keptAnswer(deps: ExecutorDeps, earlier: EarlierRun): Answer | TooLarge | null {
  if (earlier.sealed === null || earlier.settledBy !== null) return null
  try {
    return unpackAnswer(deps.ledger.unseal(earlier.runId, earlier.sealed))
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

function noted({ output, error }: Answer, note: string): Answer {
  if (error !== null) {
    const { code, message: detail, reason } = error
    return { output, error: new AppError(code, { detail, reason: joined(reason, note) }) }
  }
  return { output: output === null ? null : withNote(output, note), error }
}

const joined = (reason: string | undefined, note: string) =>
  reason === undefined ? note : `${reason}\n${note}`

const withNote = (output: ToolOutput, text: string): ToolOutput => ({
  ...output,
  content: [...output.content, { type: 'text', text }],
})

const textAnswer = (text: string, note: string): Answer => ({
  output: withNote(
    { kind: 'text', content: [{ type: 'text', text }], structuredText: null, flaw: null },
    note,
  ),
  error: null,
})
