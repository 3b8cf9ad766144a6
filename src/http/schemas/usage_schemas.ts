import { z } from '@hono/zod-openapi'
import { utcDayText } from '../../lib/utc_day.ts'
import type { UsageReport } from '../../manage/usage.ts'
import { type UsageCounts, type UsageGroup, type UsageRow, usageGroups } from '../../model/usage.ts'
import { pageOf } from './common_schemas.ts'

const counts = {
  calls: z.int(),
  errors: z.int().meta({ description: 'How many of the calls failed.' }),
  unknown: z.int().meta({ description: 'How many ended without a known outcome.' }),
  request_bytes: z.int(),
  response_bytes: z.int(),
  upstream_ms: z.number().meta({ description: 'Time upstreams took, all calls together.' }),
}

/** What usage is told apart by. */
export const usageGroupSchema = z.enum(usageGroups)

const usageRowSchema = z
  .object({
    project_id: z.int(),
    id: z
      .int()
      .nullable()
      .meta({ description: 'Of the tool, member or integration; null for calls without one.' }),
    name: z
      .string()
      .nullable()
      .meta({ description: "A tool's or integration's; a member's external id." }),
    day: z.iso.date().nullable().meta({ description: 'Where days are told apart; UTC.' }),
    ...counts,
  })
  .openapi('UsageRow')

/** Usage in answers. */
export const usageSchema = pageOf(usageRowSchema)
  .extend({ group_by: usageGroupSchema, totals: z.object(counts) })
  .openapi('Usage')

const countsJson = (of: UsageCounts) => ({
  calls: of.calls,
  errors: of.errors,
  unknown: of.unknown,
  request_bytes: of.requestBytes,
  response_bytes: of.responseBytes,
  upstream_ms: Math.round(of.upstreamMs * 100) / 100,
})

const rowJson = (projectId: number, row: UsageRow) => ({
  project_id: projectId,
  id: row.id,
  name: row.name,
  day: row.day === null ? null : utcDayText(row.day),
  ...countsJson(row),
})

/** Writes usage as the API shows it. */
export function usageJson(report: UsageReport, groupBy: UsageGroup) {
  return {
    group_by: groupBy,
    items: report.items.map((row) => rowJson(report.projectId, row)),
    totals: countsJson(report.totals),
    next_cursor: report.nextCursor,
  }
}

/** Usage as rows of a table, its header first. */
export function usageTable(report: UsageReport, groupBy: UsageGroup): (string | number)[][] {
  const names = Object.keys(counts)
  const rows = usageJson(report, groupBy).items.map(({ id, name, day, ...rest }) => [
    ...(groupBy === 'day' ? [day ?? ''] : [id ?? '', name ?? '']),
    ...names.map((each) => rest[each as keyof typeof counts]),
  ])
  const head = groupBy === 'day' ? ['day'] : [`${groupBy}_id`, groupBy]
  return [[...head, ...names], ...rows]
}
