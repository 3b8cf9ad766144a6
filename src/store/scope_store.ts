import type { Scope } from '../model/policy.ts'
import { int, text } from './columns.ts'
import type { Operation } from './database.ts'

/** Lists a project's scopes by name. */
export function* listScopes(projectId: number): Operation<readonly Scope[]> {
  const rows = yield {
    sql: 'SELECT project_id, name, description FROM scopes WHERE project_id = $1 ORDER BY name',
    params: [projectId],
  }
  return rows.map((row) => ({
    projectId: int(row, 'project_id'),
    name: text(row, 'name'),
    description: text(row, 'description'),
  }))
}

/** Adds a scope, or describes one that is there; true when it is new. */
export function* putScope(scope: Scope, nowMs: number): Operation<boolean> {
  const { projectId, name, description } = scope
  const rows = yield {
    sql: 'UPDATE scopes SET description = $3 WHERE project_id = $1 AND name = $2 RETURNING name',
    params: [projectId, name, description],
  }
  if (rows.length > 0) return false
  yield* insertScope(scope, nowMs)
  return true
}

/** Adds, without a description, the scopes that tools require and the project does not have yet. */
export function* addMissingScopes(
  projectId: number,
  names: readonly string[],
  nowMs: number,
): Operation<void> {
  // `ALL` is every scope there is, never one of them.
  for (const name of new Set(names)) {
    if (name !== 'ALL') yield* insertScope({ projectId, name, description: '' }, nowMs)
  }
}

function* insertScope({ projectId, name, description }: Scope, nowMs: number): Operation<void> {
  yield {
    sql: `INSERT INTO scopes (project_id, name, description, created_at_ms)
      VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    params: [projectId, name, description, nowMs],
  }
}

/** Removes a scope; false when there is none. */
export function* deleteScope(projectId: number, name: string): Operation<boolean> {
  const rows = yield {
    sql: 'DELETE FROM scopes WHERE project_id = $1 AND name = $2 RETURNING name',
    params: [projectId, name],
  }
  return rows.length > 0
}
