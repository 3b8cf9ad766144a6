import type { CallsTarget, Window } from '../load/job.ts'
import type { CallKind } from '../sample_calls.ts'

/** Something that makes the upstream call for its caller. */
export interface Competitor {
  readonly name: 'forwarder' | 'gatehouse' | 'peer'
  readonly pid: number
  /** The job of calling it, but for who calls and how long. */
  job(kind: CallKind): CallsTarget
}

/** How a competitor is called in one measurement. */
export interface Cell {
  readonly kind: CallKind
  readonly callers: number
  readonly window: Window
}
