import { createRoute, z } from '@hono/zod-openapi'
import { type AuditVerdict, listAuditEvents, verifyAudit } from '../../manage/audit.ts'
import type { AuditEvent } from '../../model/audit_event.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { moment, momentOf, pageOf, pageQuery } from '../schemas/common_schemas.ts'
import { json, problems, secured } from './route_parts.ts'

const tags = ['Audit log']

const eventSchema = z
  .object({
    seq: z.int().meta({ description: 'Counts up by one, without gaps.' }),
    at: moment,
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    project_id: z.int().nullable(),
    details: z.record(z.string(), z.unknown()),
    address: z.string().nullable(),
    hash: z.string().meta({ description: 'Chains the event to all before it.' }),
  })
  .openapi('AuditEvent')

const list = createRoute({
  method: 'get',
  path: '/audit',
  operationId: 'listAuditEvents',
  tags,
  summary: 'List administrative changes and security events, newest first',
  security: secured,
  request: {
    query: pageQuery.extend({
      project_id: z.coerce.number().int().positive().optional(),
      actor: z.string().max(64).optional(),
      action: z.string().max(64).optional(),
      since: moment.optional(),
      until: moment.optional(),
    }),
  },
  responses: { 200: json(pageOf(eventSchema), 'Events, newest first.'), ...problems },
})

const verdictSchema = z
  .object({
    valid: z.boolean(),
    checked: z.int(),
    last_seq: z.int(),
    last_hash: z.string(),
    fault: z
      .object({ seq: z.int(), what: z.string() })
      .nullable()
      .meta({ description: 'The first event that does not fit.' }),
  })
  .openapi('AuditVerdict')

const verify = createRoute({
  method: 'get',
  path: '/audit/verify',
  operationId: 'verifyAudit',
  tags,
  summary: 'Check that nobody has changed the audit log',
  description: 'Whole-instance administrators only.',
  security: secured,
  responses: { 200: json(verdictSchema, 'Whether every event fits.'), ...problems },
})

/** `/audit`. */
export function auditRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(list, async (c) => {
    const query = c.req.valid('query')
    const page = await listAuditEvents(manage, c.get('admin'), {
      limit: query.limit,
      cursor: query.cursor ?? null,
      projectId: query.project_id ?? null,
      actor: query.actor ?? null,
      action: query.action ?? null,
      sinceMs: query.since === undefined ? null : Date.parse(query.since),
      untilMs: query.until === undefined ? null : Date.parse(query.until),
    })
    return c.json({ items: page.items.map(eventJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(verify, async (c) => {
    return c.json(verdictJson(await verifyAudit(manage, c.get('admin'))), 200)
  })
  return router
}

const eventJson = (event: AuditEvent) => ({
  seq: event.seq,
  at: momentOf(event.atMs),
  actor: event.actor,
  action: event.action,
  target: event.target,
  project_id: event.projectId,
  details: event.details,
  address: event.address,
  hash: Buffer.from(event.hash).toString('hex'),
})

const verdictJson = ({ checked, lastSeq, lastHash, fault }: AuditVerdict) => ({
  valid: fault === null,
  checked,
  last_seq: lastSeq,
  last_hash: lastHash,
  fault,
})
