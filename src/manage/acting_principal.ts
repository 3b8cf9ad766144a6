import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import { apiKeyPermissions, type Member, type Principal } from '../model/principal.ts'
import type { Tool } from '../model/tool.ts'
import type { Operation } from '../store/database.ts'
import { findIntegration, listIntegrations } from '../store/integration_store.ts'
import { findProject, findProjectEpoch } from '../store/project_store.ts'
import type { ManageDeps } from './manage_deps.ts'
import { notFound } from './reach.ts'

/** For whom an administrator tries a tool out. */
export interface ActingFor {
  /** The project's first integration when null. */
  readonly integrationId: number | null
  readonly member: Member | null
}

/**
 * The principal an administrator acts as when it calls a tool itself. Acting for a member takes an
 * administrator's own credential: an API key never names the member it acts for.
 * @throws AppError permission_denied, project_suspended or not_found
 */
export async function actingPrincipal(
  deps: ManageDeps,
  admin: Administrator,
  acting: ActingFor & { readonly tool: Tool },
): Promise<Principal> {
  const { tool, member } = acting
  if (member !== null && admin.kind === 'api_key') {
    throw new AppError('permission_denied', { reason: 'An API key may not act for a member.' })
  }
  const found = await deps.database.read(() => projectAndIntegration(tool.projectId, acting))
  if (found === 'suspended') throw new AppError('project_suspended')
  if (found === null) throw notFound('integration of this project')
  return { ...found, member, rateLimits: admin.rateLimits }
}

function* projectAndIntegration(
  projectId: number,
  acting: ActingFor,
): Operation<Omit<Principal, 'member' | 'rateLimits'> | 'suspended' | null> {
  const project = yield* findProject(projectId)
  // Suspending stops every call of the project's tools, an administrator's too (case 56).
  if (project?.isSuspended) return 'suspended'
  const epoch = yield* findProjectEpoch(projectId)
  const integration =
    acting.integrationId === null
      ? (yield* listIntegrations(projectId, 1, null)).items[0]
      : yield* findIntegration(acting.integrationId)
  if (project === null || !integration || integration.projectId !== projectId) return null
  return {
    kind: 'administrator',
    projectId,
    projectSlug: project.slug,
    projectEpoch: epoch,
    integrationId: integration.id,
    apiKeyId: null,
    session: null,
    grant: null,
    permissions: new Set(apiKeyPermissions),
    scopes: null,
    expiresAtMs: null,
  }
}
