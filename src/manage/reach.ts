import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'

/**
 * The project a request is about: the credential's own, else the one it names (wire.md §10).
 * @throws AppError validation_failed - none is named; project_mismatch - another one is
 */
export function projectInReach(admin: Administrator, named: number | null): number {
  const own = admin.projectId
  if (own === null) {
    if (named !== null) return named
    const message = 'is required with this credential; an API key implies its project'
    throw new AppError('validation_failed', { errors: [{ pointer: '/project_id', message }] })
  }
  if (named !== null && named !== own) throw new AppError('project_mismatch')
  return own
}

/** Hands a resource over when the administrator may see its project; else it does not exist. */
export function inReach<T extends { readonly projectId: number }>(
  admin: Administrator,
  resource: T | null,
  what: string,
): T {
  const isVisible =
    resource !== null && (admin.projectId === null || admin.projectId === resource.projectId)
  if (!isVisible) throw notFound(what)
  return resource
}

/** A not_found that names what was looked for. */
export function notFound(what: string): AppError {
  return new AppError('not_found', { reason: `There is no such ${what}.` })
}

/** Refuses a credential that is confined to one project. @throws AppError permission_denied */
export function requireWholeInstance(admin: Administrator): void {
  if (admin.projectId === null) return
  throw new AppError('permission_denied', {
    reason: 'This needs an admin token for the whole instance.',
  })
}
