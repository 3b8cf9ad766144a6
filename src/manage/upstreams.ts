import type { Administrator } from '../model/admin_token.ts'
import type { UpstreamState } from '../model/upstream_state.ts'
import type { ManageDeps } from './manage_deps.ts'
import { projectInReach } from './reach.ts'

/** Lists how the upstreams of a project fare that its tools called lately. */
export function listUpstreams(
  deps: ManageDeps,
  admin: Administrator,
  projectId: number | null,
): readonly UpstreamState[] {
  return deps.listUpstreams(projectInReach(admin, projectId))
}
