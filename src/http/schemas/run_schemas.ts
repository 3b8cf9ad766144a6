import { z } from '@hono/zod-openapi'
import { memberSources } from '../../model/principal.ts'
import { type Run, runStates } from '../../model/run.ts'
import { httpMethods } from '../../model/tool.ts'
import { moment, momentOf, momentOrNull } from './common_schemas.ts'

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
  }
}
