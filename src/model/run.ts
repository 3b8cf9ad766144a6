import type { MemberSource } from './principal.ts'
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
}

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
}

/** Which door a call came through. */
export type RunSource = 'mcp' | 'execute'

/** A run as history shows it; what is not known yet is null. */
export interface Run extends Omit<RunStart, 'id' | 'memberId'> {
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
}
