import { AppError } from '../../errors.ts'
import type { Administrator } from '../../model/admin_token.ts'
import type { OpenapiImport, OpenapiSource } from '../../model/openapi_import.ts'
import { findImport } from '../../store/openapi_import_store.ts'
import { findSource } from '../../store/openapi_source_store.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { inReach, notFound } from '../reach.ts'

/** Finds a source of a project in reach. @throws AppError not_found */
export async function sourceInReach(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<OpenapiSource> {
  return inReach(admin, await deps.database.read(() => findSource(id)), 'OpenAPI source')
}

/** Names an import of a source. */
export interface ImportTarget {
  readonly sourceId: number
  readonly importId: number
}

/** Finds an import of a source in reach. @throws AppError not_found */
export async function importInReach(
  deps: ManageDeps,
  admin: Administrator,
  { sourceId, importId }: ImportTarget,
): Promise<{ readonly source: OpenapiSource; readonly found: OpenapiImport }> {
  const source = await sourceInReach(deps, admin, sourceId)
  const found = await deps.database.read(() => findImport(sourceId, importId))
  if (found === null) throw notFound('import of this source')
  return { source, found }
}

/** Refuses a field of a body. */
export const refuseField = (pointer: string, message: string) =>
  new AppError('validation_failed', { errors: [{ pointer, message }] })

/** What of a change of a source goes on record. */
export const sourceEvent = (verb: string, source: OpenapiSource, details: object) => ({
  action: `openapi_source.${verb}`,
  target: `openapi_source:${source.id}`,
  projectId: source.projectId,
  details: { name: source.name, ...JSON.parse(JSON.stringify(details)) },
})
