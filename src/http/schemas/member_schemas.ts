import { z } from '@hono/zod-openapi'
import type { MemberChange, MemberUsage } from '../../manage/members.ts'
import type { MemberRecord } from '../../model/member.ts'
import { callsPerMinute, givenOf, moment, momentOf, momentOrNull } from './common_schemas.ts'
import { usageLimitsChangeSchema, usageLimitsSchema } from './usage_limit_schemas.ts'

/** A member in answers. */
export const memberSchema = z
  .object({
    id: z.int(),
    project_id: z.int(),
    external_id: z.string(),
    email: z.string().nullable(),
    roles: z.array(z.string()),
    is_blocked: z.boolean(),
    calls_per_minute: callsPerMinute.nullable(),
    first_seen_at: moment.meta({ description: 'The first session token.' }),
    last_seen_at: moment.meta({ description: 'The latest session token.' }),
    first_call_at: moment.nullable(),
    last_call_at: moment.nullable(),
    calls: z.int(),
    errors: z.int().meta({ description: 'How many of the calls failed.' }),
    limits: usageLimitsSchema,
  })
  .openapi('Member')

/** What of a member to change. */
export const memberChangeSchema = z
  .strictObject({
    is_blocked: z
      .boolean()
      .optional()
      .meta({ description: 'Blocked, its session tokens are refused from the next request on.' }),
    calls_per_minute: callsPerMinute
      .nullable()
      .optional()
      .meta({ description: "null: as the project's `member_calls_per_minute` says." }),
    limits: usageLimitsChangeSchema.optional(),
  })
  .openapi('MemberChange')

/** What a member did. */
export const memberUsageSchema = z
  .object({
    member_id: z.int(),
    external_id: z.string(),
    since: moment.nullable(),
    until: moment.nullable(),
    calls: z.int(),
    errors: z.int(),
    tools: z.array(
      z.object({
        tool_id: z.int(),
        name: z.string(),
        calls: z.int(),
        errors: z.int(),
        last_call_at: moment,
      }),
    ),
  })
  .openapi('MemberUsage')

/** Writes a member as the API shows it. */
export function memberJson(member: MemberRecord) {
  return {
    id: member.id,
    project_id: member.projectId,
    external_id: member.externalId,
    email: member.email,
    roles: [...member.roles],
    is_blocked: member.isBlocked,
    calls_per_minute: member.callsPerMinute,
    first_seen_at: momentOf(member.firstSeenAtMs),
    last_seen_at: momentOf(member.lastSeenAtMs),
    first_call_at: momentOrNull(member.firstCallAtMs),
    last_call_at: momentOrNull(member.lastCallAtMs),
    calls: member.calls,
    errors: member.errors,
  }
}

/** Reads what of a member changes; what is absent stays. */
export function memberChangeOf(json: z.infer<typeof memberChangeSchema>): MemberChange {
  return givenOf({ isBlocked: json.is_blocked, callsPerMinute: json.calls_per_minute })
}

/** Writes what a member did as the API shows it. */
export function memberUsageJson({ member, span, tools }: MemberUsage) {
  const total = (count: 'calls' | 'errors') => tools.reduce((sum, tool) => sum + tool[count], 0)
  return {
    member_id: member.id,
    external_id: member.externalId,
    since: momentOrNull(span.sinceMs),
    until: momentOrNull(span.untilMs),
    calls: total('calls'),
    errors: total('errors'),
    tools: tools.map((tool) => ({
      tool_id: tool.toolId,
      name: tool.toolName,
      calls: tool.calls,
      errors: tool.errors,
      last_call_at: momentOf(tool.lastCallAtMs),
    })),
  }
}
