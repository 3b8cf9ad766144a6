import type { Administrator } from '../model/admin_token.ts'
import { apiKeyPermissions } from '../model/principal.ts'
import { createAdminToken } from './admin_tokens.ts'
import { createIntegration } from './integrations.ts'
import type { ManageDeps } from './manage_deps.ts'
import { createProject } from './projects.ts'

/** All a first client needs; both secrets are shown this once. */
export interface Bootstrapped {
  readonly projectId: number
  readonly integrationId: number
  readonly apiKey: string
  readonly adminToken: string
  readonly mcpUrl: string
}

/** Makes a project, an API-key integration of it and an admin token for it, in one call. */
export async function bootstrap(
  deps: ManageDeps,
  admin: Administrator,
  names: { readonly project: string; readonly integration: string },
): Promise<Bootstrapped> {
  const project = await createProject(deps, admin, {
    name: names.project,
    slug: null,
    description: '',
  })
  const { integration, apiKey } = await createIntegration(deps, admin, {
    projectId: project.id,
    name: names.integration,
    permissions: apiKeyPermissions,
    expiresAtMs: null,
    callsPerMinute: null,
  })
  const { token } = await createAdminToken(deps, admin, {
    name: `${names.project} bootstrap`,
    projectId: null,
    expiresAtMs: null,
  })
  return {
    projectId: project.id,
    integrationId: integration.id,
    apiKey,
    adminToken: token,
    mcpUrl: deps.mcpUrlOf(project.slug),
  }
}
