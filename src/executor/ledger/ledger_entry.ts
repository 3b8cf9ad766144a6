import type { AbortNotice } from '../../lib/abort_notice.ts'
import type { RunOutcome, RunStart } from '../../model/run.ts'
import { isReadMethod } from '../../model/tool.ts'
import type { KeptAnswer } from '../../store/run_claim_store.ts'
import { claimLifeMs } from '../../store/run_store.ts'
import type { Permit } from '../authorize.ts'
import type { ExecutorDeps, ToolCall, ToolCallResult } from '../call_tool.ts'
import { claimRun } from '../claim_run.ts'
import { answerRepeat, keyReuse, type RepeatAnswer } from './answer_repeat.ts'
import { Flight } from './flights.ts'
import { identifyRequest, type RequestIdentity } from './request_identity.ts'
import { type Answer, packAnswer } from './stored_answer.ts'
import { planVerify } from './verify_rule.ts'

/** A run about to be claimed. */
export interface EntryClaim {
  readonly run: RunStart
  readonly runId: string
}

/** How a claimed run ended, as far as repeats are concerned. */
export interface EntryEnding extends Answer {
  readonly state: RunOutcome['state']
  readonly upstreamStatus: number | null
}

/** One call's place in the ledger: which request it is, and who waits for it. */
export class LedgerEntry {
  private readonly deps: ExecutorDeps
  private readonly call: ToolCall
  private identity: RequestIdentity | null = null
  private flight: Flight<ToolCallResult> | null = null

  constructor(deps: ExecutorDeps, call: ToolCall) {
    this.deps = deps
    this.call = call
  }

  /**
   * Joins the same request where it is under way; null where this call is the one to send it.
   * @throws AppError idempotency_key_invalid, idempotency_key_off or idempotency_key_reuse
   */
  enter(permit: Permit): Promise<ToolCallResult> | null {
    const { flights } = this.deps.ledger
    const { signal } = this.call
    const identity = identifyRequest(permit, this.call)
    if (identity === null) return null
    const { name, request } = identity
    const known = flights.find(name)
    if (known !== null && known.request !== request) throw keyReuse(null)
    const isRead = isReadMethod(permit.compiled.tool.definition.httpMethod)
    // A read that everybody left is being broken off; a write that left goes on, whoever waits.
    if (known !== null && !(isRead && known.aborted)) return known.join(signal)
    this.identity = identity
    this.flight = new Flight(request, signal)
    flights.open(name, this.flight)
    return null
  }

  /** What equal requests are kept from being sent by; null where nothing is on record. */
  get claimed(): RunStart['claim'] {
    return this.identity?.claim ?? null
  }

  /** Fires when nobody waits any more. */
  get signal(): AbortNotice | null {
    return this.flight ?? this.call.signal
  }

  /** How many wait beside this call. */
  get joined(): number {
    return this.flight?.joined ?? 0
  }

  /**
   * Puts the run on record as the one that stands for its request. Null where it may be sent now; else
   * what another run says to it.
   * @throws AppError aborted_before_send or idempotency_key_reuse
   */
  async claim(permit: Permit, { run, runId }: EntryClaim): Promise<RepeatAnswer | null> {
    const { deps, identity } = this
    const plan = planVerify(permit, this.call.arguments)
    const sealedPlan =
      plan === null ? null : deps.ledger.seal(runId, Buffer.from(JSON.stringify(plan)))
    for (;;) {
      const claiming = { run, time: deps.ledger.time(), sealedPlan }
      const earlier = await claimRun(deps.database, permit, claiming)
      if (earlier === null || identity === null) return null
      const answer = await answerRepeat(deps, permit, { earlier, identity, plan })
      if (answer !== null) return answer
    }
  }

  /**
   * What is kept for repeats; null where the request may be sent again. An answer of status 2xx is
   * kept even where it came to an error here: what was asked for was done. Under a key every answer is.
   */
  keptOf(runId: string, ending: EntryEnding): KeptAnswer | null {
    const { identity } = this
    const { state, upstreamStatus: status } = ending
    if (identity === null || identity.claim === null) return null
    if (state === 'unknown') return { sealed: null, lifeMs: claimLifeMs }
    if (state !== 'done' || status === null || identity.keepMs === 0) return null
    const isSuccess = status >= 200 && status <= 299
    if (!isSuccess && identity.claim.requestHash === null) return null
    return { sealed: this.deps.ledger.seal(runId, packAnswer(ending)), lifeMs: identity.keepMs }
  }

  /** From now on nobody joins, and those who did have their answer. */
  close(result: ToolCallResult | null): void {
    if (this.flight === null || this.identity === null) return
    this.deps.ledger.flights.close(this.identity.name, this.flight)
    if (result === null) this.flight.fail(new Error('the call ended without an answer'))
    else this.flight.settle(result)
  }
}
