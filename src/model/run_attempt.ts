/** One attempt of a call at its upstream. Phases that did not take place are 0. */
export interface RunAttempt {
  /** Since the call began. */
  readonly startedMs: number
  /** Waiting for one of the upstream's places. */
  readonly queueMs: number
  readonly dnsMs: number
  readonly connectMs: number
  readonly tlsMs: number
  /** From the first byte of the request to the first of the answer, or to the end where none came. */
  readonly firstByteMs: number
  /** From the first byte of the answer to its last, or to where it broke off. */
  readonly bodyMs: number
  /** Bytes received, head included. */
  readonly bytes: number
  readonly status: number | null
  /** Whether a byte of the request may have reached the upstream. */
  readonly wasSent: boolean
  readonly reusedConnection: boolean
  /** Catalogue code; null for a complete answer. */
  readonly errorCode: string | null
  readonly errorReason: string | null
  /** What followed: another attempt, or why there was none; null where nothing had to follow. */
  readonly next: AttemptSequel | null
}

/** What followed an attempt. */
export const attemptSequels = [
  'retried',
  'final',
  'not_repeatable',
  'last_attempt',
  'no_time',
  'retry_budget',
  'upstream_down',
] as const
export type AttemptSequel = (typeof attemptSequels)[number]

const maxReasonChars = 300
const hundredths = (ms: number) => Math.round(ms * 100)

/** Packs attempts for the store as JSON, a few dozen bytes each. */
export function packAttempts(attempts: readonly RunAttempt[]): string {
  return `[${attempts.map(packed).join()}]`
}

const WAS_SENT = 1
const REUSED = 2

/** Written by hand: every call packs one, and JSON.stringify takes more than twice as long. */
function packed(attempt: RunAttempt): string {
  const { next, errorCode, errorReason, bytes, status } = attempt
  const flags = (attempt.wasSent ? WAS_SENT : 0) + (attempt.reusedConnection ? REUSED : 0)
  const waits = `${hundredths(attempt.startedMs)},${hundredths(attempt.queueMs)},${hundredths(attempt.dnsMs)}`
  const opening = `${hundredths(attempt.connectMs)},${hundredths(attempt.tlsMs)}`
  const reading = `${hundredths(attempt.firstByteMs)},${hundredths(attempt.bodyMs)}`
  const numbers = `${waits},${opening},${reading},${bytes},${status ?? 0},${flags}`
  if (next === null && errorCode === null) return `[${numbers}]`
  const reason = (errorReason ?? '').slice(0, maxReasonChars)
  return `[${numbers},${JSON.stringify(next ?? '')},${JSON.stringify(errorCode ?? '')},${JSON.stringify(reason)}]`
}

/** Reads what `packAttempts` wrote; nothing for a run without an attempt. */
export function unpackAttempts(text: string | null): RunAttempt[] {
  return text === null ? [] : (JSON.parse(text) as PackedAttempt[]).map(unpacked)
}

type PackedAttempt = readonly (number | string)[]

function unpacked(row: PackedAttempt): RunAttempt {
  const number = (index: number) => Number(row[index] ?? 0)
  const text = (index: number) => (row[index] === undefined ? null : String(row[index]) || null)
  const ms = (index: number) => number(index) / 100
  const flags = number(9)
  return {
    startedMs: ms(0),
    queueMs: ms(1),
    dnsMs: ms(2),
    connectMs: ms(3),
    tlsMs: ms(4),
    firstByteMs: ms(5),
    bodyMs: ms(6),
    bytes: number(7),
    status: number(8) || null,
    wasSent: (flags & WAS_SENT) !== 0,
    reusedConnection: (flags & REUSED) !== 0,
    next: attemptSequels.find((each) => each === row[10]) ?? null,
    errorCode: text(11),
    errorReason: text(12),
  }
}
