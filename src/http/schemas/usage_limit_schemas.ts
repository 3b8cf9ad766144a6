import { z } from '@hono/zod-openapi'
import type { UsageLimitsChange } from '../../manage/usage_limits.ts'
import { maxUsageLimits, type UsageLimits } from '../../model/usage_limit.ts'
import { givenOf } from './common_schemas.ts'

const limit = (name: keyof UsageLimits) => z.int().min(1).max(maxUsageLimits[name]).nullable()

const fields = {
  calls_per_minute: limit('callsPerMinute'),
  calls_per_day: limit('callsPerDay').meta({ description: 'Of one UTC day.' }),
  calls_per_month: limit('callsPerMonth').meta({ description: 'Of one calendar month, UTC.' }),
  max_concurrent: limit('maxConcurrent').meta({ description: 'Calls under way at a time.' }),
}

/** The limits of a project, integration, member or tool in answers. */
export const usageLimitsSchema = z
  .object(fields)
  .meta({ description: 'How many tool calls it may make; null for no limit.' })
  .openapi('UsageLimits')

/** Which limits to change. */
export const usageLimitsChangeSchema = z
  .strictObject(fields)
  .partial()
  .meta({ description: 'Absent ones stay as they are, null ends a limit.' })
  .openapi('UsageLimitsChange')

/** Writes limits as the API shows them. */
export const usageLimitsJson = (limits: UsageLimits) => ({
  calls_per_minute: limits.callsPerMinute,
  calls_per_day: limits.callsPerDay,
  calls_per_month: limits.callsPerMonth,
  max_concurrent: limits.maxConcurrent,
})

/** Reads which limits change; what is absent stays. */
export function usageLimitsChangeOf(
  json: z.infer<typeof usageLimitsChangeSchema>,
): UsageLimitsChange {
  return givenOf({
    callsPerMinute: json.calls_per_minute,
    callsPerDay: json.calls_per_day,
    callsPerMonth: json.calls_per_month,
    maxConcurrent: json.max_concurrent,
  })
}
