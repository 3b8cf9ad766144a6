import type { ProjectServing, ToolMode, ToolTotal } from '../model/tool_mode.ts'
import { flag, int, text } from './columns.ts'
import type { Operation, Row } from './database.ts'

/** Adds up what listing a project's tools costs, by what one must hold to see them. */
function* listToolTotals(projectId: number): Operation<readonly ToolTotal[]> {
  const rows = yield {
    sql: `SELECT required_scopes, is_enabled, is_pinned, count(*) AS tools,
        sum(list_tokens) AS tokens
      FROM tools WHERE project_id = $1 AND deleted_at_ms IS NULL
      GROUP BY required_scopes, is_enabled, is_pinned`,
    params: [projectId],
  }
  return rows.map(totalOf)
}

/** Reads how a project's tools are served; `list` without tools when there is no such project. */
export function* findProjectServing(projectId: number): Operation<ProjectServing> {
  const [row] = yield {
    sql: 'SELECT tool_mode, tool_budget_tokens FROM projects WHERE id = $1',
    params: [projectId],
  }
  if (row === undefined)
    return { toolMode: 'list', toolBudgetTokens: 0, totals: [], cutsAnswers: false }
  return {
    toolMode: text(row, 'tool_mode') as ToolMode,
    toolBudgetTokens: int(row, 'tool_budget_tokens'),
    totals: yield* listToolTotals(projectId),
    cutsAnswers: yield* cutsAnswers(projectId),
  }
}

/** The name of the setting is looked for first: most definitions need not be parsed then. */
function* cutsAnswers(projectId: number): Operation<boolean> {
  const rows = yield {
    sql: `SELECT 1 AS cuts FROM tools t
      JOIN tool_versions v ON v.tool_id = t.id AND v.version = t.version
      WHERE t.project_id = $1 AND t.is_enabled = 1 AND t.deleted_at_ms IS NULL
      AND v.definition LIKE '%"maxResultBytes":%'
      AND v.definition -> '$.response' ->> '$.maxResultBytes' IS NOT NULL LIMIT 1`,
    params: [projectId],
  }
  return rows.length > 0
}

const totalOf = (row: Row): ToolTotal => ({
  requiredScopes: JSON.parse(text(row, 'required_scopes')) as string[],
  isEnabled: flag(row, 'is_enabled'),
  isPinned: flag(row, 'is_pinned'),
  tools: int(row, 'tools'),
  tokens: int(row, 'tokens'),
})
