import { createRoute, z } from '@hono/zod-openapi'
import { csvText } from '../../lib/csv.ts'
import { utcDayOf } from '../../lib/utc_day.ts'
import { readUsage } from '../../manage/usage.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { pageQuery, projectQuery } from '../schemas/common_schemas.ts'
import { usageGroupSchema, usageJson, usageSchema, usageTable } from '../schemas/usage_schemas.ts'
import { json, problems, secured } from './route_parts.ts'

/** Rows of one CSV file. */
const MAX_CSV_ROWS = 10_000

const read = createRoute({
  method: 'get',
  path: '/usage',
  operationId: 'listUsage',
  tags: ['Usage'],
  summary: 'Add up tool calls by tool, member, integration or day',
  description:
    'Of ended calls, per UTC day. `format=csv` gives up to 10,000 rows at once; where more follow, the header `x-next-cursor` says how to read on.',
  security: secured,
  request: {
    query: pageQuery.extend({
      project_id: projectQuery,
      group_by: usageGroupSchema.default('tool'),
      since: z.iso.date().optional().meta({ description: 'From this UTC day on.' }),
      until: z.iso.date().optional().meta({ description: 'Before this UTC day.' }),
      format: z.enum(['json', 'csv']).default('json'),
    }),
  },
  responses: {
    200: {
      ...json(usageSchema, 'Usage, lowest id or earliest day first, and its totals.'),
      content: {
        'application/json': { schema: usageSchema },
        'text/csv': { schema: z.string() },
      },
    },
    ...problems,
  },
})

const dayOf = (text: string | undefined) =>
  text === undefined ? null : utcDayOf(Date.parse(`${text}T00:00:00Z`))

/** `/usage`. */
export function usageRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(read, async (c) => {
    const query = c.req.valid('query')
    const { group_by: groupBy, format } = query
    const report = await readUsage(manage, c.get('admin'), {
      projectId: query.project_id ?? null,
      groupBy,
      sinceDay: dayOf(query.since),
      untilDay: dayOf(query.until),
      limit: format === 'csv' ? MAX_CSV_ROWS : query.limit,
      cursor: query.cursor ?? null,
    })
    if (format === 'json') return c.json(usageJson(report, groupBy), 200)
    return new Response(csvText(usageTable(report, groupBy)), {
      headers: {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': `attachment; filename="usage-by-${groupBy}.csv"`,
        ...(report.nextCursor !== null && { 'x-next-cursor': report.nextCursor }),
      },
    }) as never
  })
  return router
}
