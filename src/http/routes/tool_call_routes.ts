import { createRoute, z } from '@hono/zod-openapi'
import { underLease } from '../../access/usage_control.ts'
import { callTool, type ToolCallResult } from '../../executor/call_tool.ts'
import { previewCall } from '../../executor/preview_call.ts'
import type { JsonObject } from '../../lib/json.ts'
import { actingPrincipal } from '../../manage/acting_principal.ts'
import { toolInReach } from '../../manage/tools.ts'
import { heldOpen } from '../held_open.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { failureResponse } from '../problem.ts'
import { idParam } from '../schemas/common_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const member = z.strictObject({
  external_id: z.string().min(1).max(255),
  email: z.string().max(320).nullable().default(null),
  roles: z.array(z.string()).max(64).default([]),
})

const executeSchema = z
  .strictObject({
    arguments: z.record(z.string(), z.unknown()).default({}),
    dry_run: z.boolean().default(false).meta({
      description: 'Shows exactly what would be sent, secrets masked, and sends nothing.',
    }),
    integration_id: z.int().positive().nullable().default(null),
    as_member: member
      .nullable()
      .default(null)
      .meta({ description: 'Tries the tool as this member; admin tokens only.' }),
  })
  .openapi('Execute')

const executedSchema = z
  .object({
    run_id: z.uuid(),
    upstream_status: z.int().nullable(),
    duration_ms: z.number(),
    replayed: z.boolean().meta({
      description: 'Whether an earlier run answered, and nothing was sent; `run_id` names it.',
    }),
    content: z.array(z.record(z.string(), z.unknown())),
    structured_content: z.unknown().optional(),
  })
  .openapi('Executed')

const previewSchema = z
  .object({
    method: z.string(),
    url: z.string(),
    headers: z.array(z.tuple([z.string(), z.string()])),
    body: z.string().nullable(),
    canonical_line: z
      .string()
      .nullable()
      .meta({ description: 'What `X-Tengine-Signature` covers; null without `hmac_signature`.' }),
    curl: z.string(),
    egress_refusal: z
      .string()
      .nullable()
      .meta({ description: 'Why the egress policy would stop the call; null when it would not.' }),
  })
  .openapi('DryRun')

const execute = createRoute({
  method: 'post',
  path: '/custom-tools/{id}/execute',
  operationId: 'executeTool',
  tags: ['Custom tools'],
  summary: 'Call a tool, or show what would be sent',
  description:
    'Failures come with their real HTTP status and the Run ID as `request_id`. An identical call within ' +
    "the tool's window is answered from the one before; `Idempotency-Key` names a request for 24 hours.",
  security: secured,
  request: {
    params: idParam,
    headers: z.object({
      'idempotency-key': z
        .string()
        .optional()
        .meta({ description: '1 to 255 visible ASCII characters.' }),
    }),
    body: jsonBody(executeSchema),
  },
  responses: {
    200: json(z.union([executedSchema, previewSchema]), 'What came back, or would be sent.'),
    ...problems,
    500: { ...problems[400], description: 'The call failed here, or the upstream timed out.' },
    502: { ...problems[400], description: 'The upstream failed.' },
  },
})

/** `POST /custom-tools/{id}/execute`. */
export function toolCallRoutes(deps: ManagementDeps): ManagementRouter {
  const { manage, executor, logger, limits, usage } = deps
  const router = createRouter()
  router.openapi(execute, async (c) => {
    const body = c.req.valid('json')
    const exact = c.get('exactBody') as JsonObject
    const args = (exact.arguments ?? {}) as JsonObject
    const tool = await toolInReach(manage, c.get('admin'), c.req.valid('param').id)
    const principal = await actingPrincipal(manage, c.get('admin'), {
      tool,
      integrationId: body.integration_id,
      member: body.as_member && memberOf(body.as_member),
    })
    const { name } = tool.definition
    if (body.dry_run) {
      const { projectId, projectEpoch } = principal
      const compiled = await executor.tools.resolve(projectId, projectEpoch, name)
      if (compiled === null) throw new Error('a tool vanished between two reads')
      const preview = await previewCall(executor, principal, { compiled, arguments: args })
      return c.json(previewJson(preview), 200)
    }
    const { signal } = c.req.raw
    limits.admit(principal.rateLimits)
    const call = {
      name,
      arguments: args,
      source: 'execute',
      signal,
      traceparent: null,
      idempotencyKey: c.req.header('idempotency-key') ?? null,
      actor: c.get('admin').label,
    } as const
    const lease = await usage.admit(principal, tool.id)
    const result = await heldOpen(c.env.peer, () =>
      underLease(lease, () => callTool(executor, principal, call)),
    )
    if (result.error !== null) return failureResponse(logger, result.error, result.runId) as never
    return new Response(executedJson(result), {
      headers: { 'content-type': 'application/json' },
    }) as never
  })
  return router
}

const memberOf = (asked: z.infer<typeof member>) => ({
  externalId: asked.external_id,
  email: asked.email,
  roles: asked.roles,
  source: 'administrator' as const,
})

const previewJson = (preview: Awaited<ReturnType<typeof previewCall>>) => ({
  method: preview.method,
  url: preview.url,
  headers: preview.headers.map(([name, value]): [string, string] => [name, value]),
  body: preview.body,
  canonical_line: preview.canonicalLine,
  curl: preview.curl,
  egress_refusal: preview.egressRefusal,
})

/** Written by hand so that the upstream's JSON text stands in it digit for digit. */
function executedJson(result: ToolCallResult): string {
  const { runId, upstreamStatus, durationMs, isReplayed, output } = result
  const head = JSON.stringify({
    run_id: runId,
    upstream_status: upstreamStatus,
    duration_ms: durationMs,
    replayed: isReplayed,
    content: output?.content ?? [],
  })
  const text = output?.structuredText ?? null
  return text === null ? head : `${head.slice(0, -1)},"structured_content":${text}}`
}
