import type { MemberSource } from './principal.ts'
import type { RunAttempt } from './run_attempt.ts'
import type { HttpMethod } from './tool.ts'

/**
 * Where a run stands (reliability.md §4). `sending` is on disk before a write's first byte leaves;
 * a `sending` row found at start becomes `unknown`.
 */
export const runStates = ['sending', 'done', 'failed_not_sent', 'unknown'] as const
export type RunState = (typeof runStates)[number]

/** What became of one tool call. */
export interface RunOutcome {
  readonly state: RunState
  /** HTTP status of the upstream, where one was received. */
  readonly upstreamStatus: number | null
  /** Catalogue code of the failure; null for a success. */
  readonly errorCode: string | null
  /** One sentence on the failure, for people; holds no secret. */
  readonly errorReason: string | null
  readonly finishedAtMs: number
  readonly durationMs: number
  readonly upstreamMs: number | null
  readonly requestBytes: number
  readonly responseBytes: number
  /** How often the request was sent, or began to be. */
  readonly attempts: number
  /** How many identical calls waited for this one and got its answer. */
  readonly joined: number
  /** Every attempt, packed (`packAttempts`); null where there was none. */
  readonly timeline: string | null
}

/** By what a run keeps equal requests from being sent again. */
export interface RunClaim {
  /** 16 bytes of the SHA-256 of project, caller and request, or of project, caller and the key. */
  readonly hash: Uint8Array
  /** SHA-256 of tool and arguments, where a key stands for them; null without a key. */
  readonly requestHash: Uint8Array | null
  /** The beginning of the caller's key. */
  readonly keyHint: string | null
}

/** Who found out what became of a run whose outcome was unknown. */
export type SettledBy = 'verify' | 'operator'

/** What is known of a run when it begins. */
export interface RunStart {
  /** UUIDv7, 16 bytes; in text it is the Run ID and `X-Tengine-Request-Id`. */
  readonly id: Uint8Array
  readonly projectId: number
  readonly integrationId: number
  readonly toolId: number
  readonly toolVersion: number
  readonly memberExternalId: string | null
  /** The member's row; null without one, and where an administrator named the member. */
  readonly memberId: number | null
  /** Who vouched for the member; null without one. */
  readonly memberSource: MemberSource | null
  readonly httpMethod: HttpMethod
  readonly startedAtMs: number
  /** Which door it came through. */
  readonly source: RunSource
  /** Null where equal requests may be sent at any time. */
  readonly claim: RunClaim | null
}

/** Which door a call came through. */
export type RunSource = 'mcp' | 'execute'

/** A run as history shows it; what is not known yet is null. */
export interface Run extends Omit<RunStart, 'id' | 'memberId' | 'claim'> {
  readonly id: string
  readonly toolName: string
  readonly state: RunState
  readonly upstreamStatus: number | null
  readonly errorCode: string | null
  readonly errorReason: string | null
  readonly finishedAtMs: number | null
  readonly durationMs: number | null
  readonly upstreamMs: number | null
  readonly requestBytes: number | null
  readonly responseBytes: number | null
  /** Every attempt at the upstream, oldest first; nothing for runs of older versions. */
  readonly timeline: readonly RunAttempt[]
  /** Status of an answer that began after the deadline, when nobody waited for it any more. */
  readonly lateStatus: number | null
  /** How long after the request it began. */
  readonly lateAfterMs: number | null
  /** The beginning of the key that the caller named the request by. */
  readonly keyHint: string | null
  /** Null for runs of older versions. */
  readonly attempts: number | null
  readonly joined: number
  /** How often a repeat was answered from this run, without another request. */
  readonly replays: number
  readonly replayedAtMs: number | null
  /** Set once somebody found out what became of an unknown outcome. */
  readonly settledBy: SettledBy | null
  readonly settledAtMs: number | null
  readonly settledNote: string | null
}
