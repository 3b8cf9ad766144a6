import type { Administrator } from '../../model/admin_token.ts'

/** Who checks sources by the clock. */
export const recheckAdministrator: Administrator = {
  kind: 'local',
  projectId: null,
  label: 'system',
  address: null,
  rateLimits: [],
}
