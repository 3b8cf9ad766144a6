import { z } from '@hono/zod-openapi'
import { memberSources } from '../../model/principal.ts'
import { type Run, runStates } from '../../model/run.ts'
import { attemptSequels, type RunAttempt } from '../../model/run_attempt.ts'
import { explainRun } from '../../model/run_explanation.ts'
import { httpMethods } from '../../model/tool.ts'
import { moment, momentOf, momentOrNull } from './common_schemas.ts'

const attemptSchema = z
  .object({
    started_ms: z.number().meta({ description: 'Milliseconds since the call began.' }),
    queue_ms: z.number().meta({ description: "Waiting for one of the upstream's places." }),
    dns_ms: z.number(),
    connect_ms: z.number(),
    tls_ms: z.number(),
    first_byte_ms: z
      .number()
      .meta({ description: 'From the request to the first byte of the answer.' }),
    body_ms: z.number(),
    bytes: z.int().meta({ description: 'Bytes received, head included.' }),
    status: z.int().nullable(),
    was_sent: z.boolean().meta({ description: 'Whether a byte may have reached the upstream.' }),
    reused_connection: z.boolean(),
    error_code: z.string().nullable(),
    error_reason: z.string().nullable(),
    next: z.enum(attemptSequels).nullable().meta({
      description: '`retried`, or why there was no further attempt; null after a success.',
    }),
  })
  .openapi('RunAttempt')

/** A run in answers. */
export const runSchema = z
  .object({
    id: z.uuid().meta({ description: 'The Run ID, sent upstream as `X-Tengine-Request-Id`.' }),
    project_id: z.int(),
    integration_id: z.int(),
    tool_id: z.int(),
    tool_name: z.string(),
    tool_version: z.int(),
    member_external_id: z.string().nullable(),
    member_source: z
      .enum(memberSources)
      .nullable()
      .meta({ description: 'Who vouched for the member; `unverified` is nobody but the key.' }),
    source: z.enum(['mcp', 'execute']),
    http_method: z.enum(httpMethods),
    state: z.enum(runStates),
    upstream_status: z.int().nullable(),
    error_code: z.string().nullable(),
    error_reason: z.string().nullable(),
    started_at: moment,
    finished_at: moment.nullable(),
    duration_ms: z.number().nullable(),
    upstream_ms: z.number().nullable(),
    request_bytes: z.int().nullable(),
    response_bytes: z.int().nullable(),
    attempts: z.int().nullable().meta({
      description: 'How often the request was sent, or began to be.',
    }),
    idempotency_key: z.string().nullable().meta({
      description: 'The beginning of the key that the caller named the request by.',
    }),
    joined: z.int().meta({ description: 'Identical calls that waited for this one.' }),
    replays: z.int().meta({ description: 'Repeats answered from this run; nothing was sent.' }),
    replayed_at: moment.nullable(),
    settled_by: z.enum(['verify', 'operator']).nullable().meta({
      description: 'Who found out what became of an unknown outcome.',
    }),
    settled_at: moment.nullable(),
    settled_note: z.string().nullable(),
    explanation: z.string().meta({ description: 'What happened and what to do, in words.' }),
    timeline: z
      .array(attemptSchema)
      .meta({ description: 'Every attempt at the upstream, oldest first.' }),
    late_status: z.int().nullable().meta({
      description: 'Status of an answer that came after the deadline; nobody got it.',
    }),
    late_after_ms: z.number().nullable(),
  })
  .openapi('Run')

/** Writes a run as the API shows it. */
export function runJson(run: Run) {
  return {
    id: run.id,
    project_id: run.projectId,
    integration_id: run.integrationId,
    tool_id: run.toolId,
    tool_name: run.toolName,
    tool_version: run.toolVersion,
    member_external_id: run.memberExternalId,
    member_source: run.memberSource,
    source: run.source,
    http_method: run.httpMethod,
    state: run.state,
    upstream_status: run.upstreamStatus,
    error_code: run.errorCode,
    error_reason: run.errorReason,
    started_at: momentOf(run.startedAtMs),
    finished_at: momentOrNull(run.finishedAtMs),
    duration_ms: run.durationMs,
    upstream_ms: run.upstreamMs,
    request_bytes: run.requestBytes,
    response_bytes: run.responseBytes,
    attempts: run.attempts,
    idempotency_key: run.keyHint,
    joined: run.joined,
    replays: run.replays,
    replayed_at: momentOrNull(run.replayedAtMs),
    settled_by: run.settledBy,
    settled_at: momentOrNull(run.settledAtMs),
    settled_note: run.settledNote,
    explanation: explainRun(run),
    timeline: run.timeline.map(attemptJson),
    late_status: run.lateStatus,
    late_after_ms: run.lateAfterMs,
  }
}

function attemptJson(attempt: RunAttempt) {
  return {
    started_ms: attempt.startedMs,
    queue_ms: attempt.queueMs,
    dns_ms: attempt.dnsMs,
    connect_ms: attempt.connectMs,
    tls_ms: attempt.tlsMs,
    first_byte_ms: attempt.firstByteMs,
    body_ms: attempt.bodyMs,
    bytes: attempt.bytes,
    status: attempt.status,
    was_sent: attempt.wasSent,
    reused_connection: attempt.reusedConnection,
    error_code: attempt.errorCode,
    error_reason: attempt.errorReason,
    next: attempt.next,
  }
}
