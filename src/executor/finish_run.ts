import { AppError } from '../errors.ts'
import type { RunOutcome, RunStart } from '../model/run.ts'
import { isReadMethod } from '../model/tool.ts'
import type { Database, Operation } from '../store/database.ts'
import {
  countJoined,
  type KeptAnswer,
  keepAnswer,
  type LedgerTime,
} from '../store/run_claim_store.ts'
import { finishRun as closeRun, insertFinishedRun } from '../store/run_store.ts'

/** How a run ended, before it is written down. */
export interface RunEnding {
  readonly run: RunStart
  readonly wasClaimed: boolean
  readonly outcome: RunOutcome
  /** What repeats are answered with; null where the request may be sent again. */
  readonly kept: KeptAnswer | null
  readonly time: LedgerTime
}

/**
 * Writes down how a run ended, before anything is answered: a claimed write synced to disk, any other
 * run into the next group commit, which a crash of the process cannot undo (R2).
 * @throws AppError outcome_unknown - a write was sent and its end cannot be recorded, or somebody else
 * closed the run meanwhile (case 212)
 */
export async function finishRun(database: Database, ending: RunEnding): Promise<void> {
  const { run, outcome, wasClaimed } = ending
  if (!wasClaimed) {
    await database.record(() => insertFinishedRun(run, outcome), 'written')
    return
  }
  const isRead = isReadMethod(run.httpMethod)
  let isOurs: boolean
  try {
    isOurs = await database.record(() => close(ending), isRead ? 'written' : 'synced')
  } catch (cause) {
    if (isRead || outcome.state === 'failed_not_sent') throw cause
    throw new AppError('outcome_unknown', {
      reason: 'The upstream answered, but the answer could not be recorded.',
      cause,
    })
  }
  if (isOurs || isRead) return
  throw new AppError('outcome_unknown', { reason: 'The run was closed while it was under way.' })
}

function* close({ run, outcome, kept, time }: RunEnding): Operation<boolean> {
  const seq = yield* closeRun(run, outcome, kept !== null)
  if (seq === null) return false
  if (kept !== null) yield* keepAnswer(seq, kept, time)
  return true
}

/** Counts calls that joined while the end of their run was being written down. */
export function recordJoined(database: Database, run: RunStart, joined: number): Promise<void> {
  return database.record(() => countJoined(run, joined), 'written')
}

/** What a failure says of the run: whether anything may have happened upstream. */
export interface Failure {
  readonly error: AppError
  /** Whether a byte of the request may have reached the upstream. */
  readonly mayHaveBeenSent: boolean
  /** The upstream's status, where its answer began. */
  readonly upstreamStatus: number | null
}

/**
 * The caller's view of a failure: a write that may have been sent and got no status is
 * `outcome_unknown`, never a plain failure (reliability.md §4).
 */
export function verdictOf(
  run: RunStart,
  failure: Failure,
): Pick<RunOutcome, 'state'> & { error: AppError } {
  const { error, mayHaveBeenSent, upstreamStatus } = failure
  if (!mayHaveBeenSent) return { state: 'failed_not_sent', error }
  if (isReadMethod(run.httpMethod) || upstreamStatus !== null) return { state: 'done', error }
  const reason = `${error.message}${error.reason === undefined ? '' : `: ${error.reason}`}`
  return { state: 'unknown', error: new AppError('outcome_unknown', { reason, cause: error }) }
}
