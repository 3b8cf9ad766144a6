import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { Scope } from '../model/policy.ts'
import type { Tool } from '../model/tool.ts'
import type { Operation } from '../store/database.ts'
import type { Page } from '../store/page.ts'
import { deleteScope, listScopes as listAll, putScope } from '../store/scope_store.ts'
import { listTools } from '../store/tool_store.ts'
import { audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { getProject } from './projects.ts'
import { notFound } from './reach.ts'

/** Lists a project's scopes by name: those that were added, and those that its tools require. */
export async function listScopes(
  deps: ManageDeps,
  admin: Administrator,
  projectId: number,
): Promise<readonly Scope[]> {
  await getProject(deps, admin, projectId)
  return deps.database.read(() => listAll(projectId))
}

/**
 * Adds a scope to a project, or describes one that it has.
 * @returns whether it is new
 * @throws AppError not_found; validation_failed - `ALL` is no scope of its own
 */
export async function addScope(
  deps: ManageDeps,
  admin: Administrator,
  scope: Scope,
): Promise<boolean> {
  const { projectId, name, description } = scope
  await getProject(deps, admin, projectId)
  if (name === 'ALL') {
    const message = 'is every scope there is, not one of them'
    throw new AppError('validation_failed', { errors: [{ pointer: '/name', message }] })
  }
  return audited(deps, admin, {
    operation: () => putScope(scope, deps.clock.nowMs()),
    event: (isNew) => ({
      action: isNew ? 'scope.create' : 'scope.update',
      target: `project:${projectId}`,
      projectId,
      details: { name, description },
    }),
  })
}

/** Removes a scope that no tool requires. @throws AppError not_found or scope_in_use */
export async function removeScope(
  deps: ManageDeps,
  admin: Administrator,
  { projectId, name }: { readonly projectId: number; readonly name: string },
): Promise<void> {
  await getProject(deps, admin, projectId)
  const wasThere = await audited(deps, admin, {
    operation: function* () {
      const users = yield* toolsThatRequire(projectId, name)
      if (users.length > 0) throw inUse(users)
      return yield* deleteScope(projectId, name)
    },
    event: (isGone) =>
      isGone
        ? { action: 'scope.delete', target: `project:${projectId}`, projectId, details: { name } }
        : null,
  })
  if (!wasThere) throw notFound('scope of this project')
}

/** A page of the tools at a time. */
const BATCH = 200

function* toolsThatRequire(projectId: number, scope: string): Operation<readonly string[]> {
  const names: string[] = []
  let position: string | null = null
  do {
    const page: Page<Tool> = yield* listTools(projectId, BATCH, position)
    for (const { definition } of page.items) {
      if (definition.requiredScopes.includes(scope)) names.push(definition.name)
    }
    position = page.next
  } while (position !== null)
  return names
}

const inUse = (tools: readonly string[]) => {
  const named = tools.slice(0, 5).join(', ')
  const more = tools.length > 5 ? ` and ${tools.length - 5} more` : ''
  return new AppError('scope_in_use', { reason: `Required by: ${named}${more}.` })
}
