import type { Policy, RegistrationMode } from '../model/policy.ts'
import { text } from './columns.ts'
import type { Operation } from './database.ts'

/** What of a project's policy decides who may register a client. */
export type RegistrationRule = Pick<
  Policy,
  'registrationMode' | 'allowedRedirectUris' | 'allowedClientIds'
>

/** The different rules of all projects that can be connected to now. */
export function* listRegistrationRules(): Operation<readonly RegistrationRule[]> {
  const rows = yield {
    sql: `SELECT DISTINCT COALESCE(r.registration_mode, 'on') AS registration_mode,
        COALESCE(r.allowed_redirect_uris, '[]') AS allowed_redirect_uris,
        COALESCE(r.allowed_client_ids, '[]') AS allowed_client_ids
      FROM projects p LEFT JOIN project_policies r ON r.project_id = p.id
      WHERE p.is_suspended = 0 AND COALESCE(r.is_mcp_enabled, 1) = 1`,
    params: [],
  }
  return rows.map((row) => ({
    registrationMode: text(row, 'registration_mode') as RegistrationMode,
    allowedRedirectUris: JSON.parse(text(row, 'allowed_redirect_uris')) as string[],
    allowedClientIds: JSON.parse(text(row, 'allowed_client_ids')) as string[],
  }))
}
