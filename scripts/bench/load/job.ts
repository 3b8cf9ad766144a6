/** What an answer must be to count. */
export interface Expectation {
  readonly status: number
  /** Each must occur in the answer; the call's number is looked for where `CALL_NUMBER` stands. */
  readonly contains: readonly string[]
  /** None may occur. */
  readonly lacks: readonly string[]
}

/** How long to measure. */
export interface Window {
  readonly warmupMs: number
  /** Measured at least that long, */
  readonly minMs: number
  /** then until that many calls were made, */
  readonly enoughCalls: number
  /** but never longer than this. */
  readonly maxMs: number
}

/** Callers that each make their next call once the last one was answered. */
export interface CallsJob {
  readonly kind: 'calls'
  readonly port: number
  /** The whole request, head and body. */
  readonly request: string
  /** How many different tools `PICK` chooses from. */
  readonly picks: number
  readonly expect: Expectation
  readonly callers: number
  readonly window: Window
  /** Whose CPU time is read at both ends of the window. */
  readonly serverPid: number
  /** Every process of the benchmark; what else runs is reported. */
  readonly ownPids: readonly number[]
  /** The answers come on a stream of the caller's MCP session, not in the HTTP response. */
  readonly answersOnStream: boolean
}

/** One call from each of many callers, begun one after the other at an even pace. */
export interface OnceJob {
  readonly kind: 'once'
  readonly port: number
  readonly request: string
  readonly expect: Expectation
  readonly callers: number
  /** From the first call's beginning to the last one's. */
  readonly rampMs: number
  readonly timeoutMs: number
}

/** One GET after another at a steady pace: how long the server's event loop lets one wait. */
export interface ProbeJob {
  readonly kind: 'probe'
  readonly port: number
  readonly path: string
  readonly intervalMs: number
  readonly durationMs: number
}

/** A CallsJob as its makers know it, before it is said who calls, how long and beside whom. */
export type CallsTarget = Omit<CallsJob, 'callers' | 'window' | 'ownPids'>

export type Job = CallsJob | OnceJob | ProbeJob

/** What a job came to; milliseconds and calls per second. */
export interface JobResult {
  readonly calls: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Server CPU per call in microseconds; null where this system does not tell. */
  readonly cpuMicros: number | null
  /** Cores that other programs kept busy meanwhile; null where it is not known. */
  readonly othersCores: number | null
}

/** Where nobody's CPU time was asked for. */
export const unmeasured = { cpuMicros: null, othersCores: null } as const

/** What the load process answers. */
export type JobAnswer = { readonly result: JobResult } | { readonly problem: string }
