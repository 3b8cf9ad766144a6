import type { Project } from '../model/project.ts'
import type { ToolMode } from '../model/tool_mode.ts'
import { flag, int, intOrNull, text } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

const COLUMNS = `id, slug, name, description, is_suspended, member_calls_per_minute,
  require_assertion_jti, tool_mode, tool_budget_tokens, created_at_ms, updated_at_ms`

/** What a new project starts with. */
export interface NewProject {
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly nowMs: number
}

/** Inserts a project; null when the slug is taken. */
export function* insertProject(project: NewProject): Operation<Project | null> {
  const [row] = yield {
    sql: `INSERT INTO projects
      (slug, name, description, is_suspended, epoch, created_at_ms, updated_at_ms)
      VALUES ($1, $2, $3, 0, 1, $4, $4) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    params: [project.slug, project.name, project.description, project.nowMs],
  }
  return row === undefined ? null : projectOf(row)
}

/** Finds a project by id. */
export function* findProject(id: number): Operation<Project | null> {
  const [row] = yield { sql: `SELECT ${COLUMNS} FROM projects WHERE id = $1`, params: [id] }
  return row === undefined ? null : projectOf(row)
}

/** Finds a project by the slug of its MCP URL. */
export function* findProjectBySlug(slug: string): Operation<Project | null> {
  const [row] = yield { sql: `SELECT ${COLUMNS} FROM projects WHERE slug = $1`, params: [slug] }
  return row === undefined ? null : projectOf(row)
}

/** The number of a project's current epoch; 0 when there is no such project. */
export function* findProjectEpoch(id: number): Operation<number> {
  const [row] = yield { sql: 'SELECT epoch FROM projects WHERE id = $1', params: [id] }
  return row === undefined ? 0 : int(row, 'epoch')
}

/** Lists projects by id, from after `position`. */
export function* listProjects(limit: number, position: string | null): Operation<Page<Project>> {
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM projects WHERE id > $1 ORDER BY id LIMIT $2`,
    params: [Number(position ?? 0), limit + 1],
  }
  return pageOf(rows.map(projectOf), limit, (project) => String(project.id))
}

/**
 * Writes a project's changeable columns and moves its epoch, so that nothing compiled before is used
 * again; null when it does not exist. A slug taken by another project yields 'slug_taken'.
 */
export function* updateProject(project: Project): Operation<Project | null | 'slug_taken'> {
  const [other] = yield {
    sql: 'SELECT id FROM projects WHERE slug = $1 AND id <> $2',
    params: [project.slug, project.id],
  }
  if (other !== undefined) return 'slug_taken'
  const [row] = yield {
    sql: `UPDATE projects SET slug = $2, name = $3, description = $4, is_suspended = $5,
      updated_at_ms = $6, member_calls_per_minute = $7, require_assertion_jti = $8,
      tool_mode = $9, tool_budget_tokens = $10, epoch = epoch + 1 WHERE id = $1 RETURNING ${COLUMNS}`,
    params: [
      project.id,
      project.slug,
      project.name,
      project.description,
      project.isSuspended ? 1 : 0,
      project.updatedAtMs,
      project.memberCallsPerMinute,
      project.requireAssertionJti ? 1 : 0,
      project.toolMode,
      project.toolBudgetTokens,
    ],
  }
  return row === undefined ? null : projectOf(row)
}

/** Moves a project's epoch: whatever was compiled for it is stale from this commit on. */
export function* bumpEpoch(projectId: number): Operation<void> {
  yield { sql: 'UPDATE projects SET epoch = epoch + 1 WHERE id = $1', params: [projectId] }
}

function projectOf(row: Row): Project {
  return {
    id: int(row, 'id'),
    slug: text(row, 'slug'),
    name: text(row, 'name'),
    description: text(row, 'description'),
    isSuspended: flag(row, 'is_suspended'),
    memberCallsPerMinute: intOrNull(row, 'member_calls_per_minute'),
    requireAssertionJti: flag(row, 'require_assertion_jti'),
    toolMode: text(row, 'tool_mode') as ToolMode,
    toolBudgetTokens: int(row, 'tool_budget_tokens'),
    createdAtMs: int(row, 'created_at_ms'),
    updatedAtMs: int(row, 'updated_at_ms'),
  }
}
