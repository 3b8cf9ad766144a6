import type { EarlierRun } from '../../store/run_claim_store.ts'
import { maxAnswerBytes, type TooLarge } from './stored_answer.ts'

/** What the note on a replayed answer says. */
interface RepeatFacts {
  readonly agoMs: number
  readonly leftMs: number
  readonly isKeyed: boolean
}

/** Tells a model, in one sentence, that nothing was sent and how to repeat on purpose (wire.md §7). */
export function repeatNote({ agoMs, leftMs, isKeyed }: RepeatFacts): string {
  const ago = spanText(agoMs)
  if (isKeyed) {
    return `Answered from the call made ${ago} ago under the same idempotency key, nothing was sent again: to repeat it on purpose, call with another key.`
  }
  return `Answered from the identical call made ${ago} ago, nothing was sent again: to repeat it on purpose, change an argument, call with an idempotency key of its own (_meta "tengine/idempotency_key" or the header Idempotency-Key), or wait ${spanText(leftMs)}.`
}

/** Stands for an answer that was too large to keep (reliability.md case 220). */
export function tooLargeText({ bytes, sha256 }: TooLarge, earlier: EarlierRun): string {
  const { upstreamStatus, runId } = earlier
  return `The request was carried out (HTTP status ${upstreamStatus}), but its answer of ${bytes} bytes (SHA-256 ${sha256}) is above the ${maxAnswerBytes} that are kept for repeats. Run ID: ${runId}`
}

/** Stands for an answer that nobody has: the run was settled later, or it does not open any more. */
export function settledText({ settledBy, runId }: EarlierRun): string {
  if (settledBy === 'verify') {
    return `The request took effect: asked afterwards, the API shows it. Its own answer was lost. Run ID: ${runId}`
  }
  if (settledBy === 'operator') {
    return `The request took effect: an administrator found out. Its own answer was lost. Run ID: ${runId}`
  }
  return `The request was carried out, but its answer cannot be read any more. Run ID: ${runId}`
}

/** A span of time as people say it, rounded up. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`
}
