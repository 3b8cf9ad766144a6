import { defaultPolicy, type Policy, type RegistrationMode, underPolicy } from '../model/policy.ts'
import { flag, int, text } from './columns.ts'
import type { Operation, Row } from './database.ts'

/** Finds a project's policy; what holds without one where nothing was set. */
export function* findPolicy(projectId: number): Operation<Policy> {
  const [row] = yield {
    sql: `SELECT project_id, is_mcp_enabled, allowed_redirect_uris, allowed_client_ids,
        policy_scopes, challenge_scopes, registration_mode, access_token_minutes,
        refresh_token_days
      FROM project_policies WHERE project_id = $1`,
    params: [projectId],
  }
  return row === undefined ? defaultPolicy(projectId) : policyOf(row)
}

/**
 * What the challenge at a project's MCP URL suggests to ask for: never more than its policy lets
 * anyone grant; nothing for a slug that is nobody's.
 */
export function* findChallengeScopes(slug: string): Operation<readonly string[]> {
  const [row] = yield {
    sql: `SELECT policy_scopes, challenge_scopes FROM project_policies
      WHERE project_id = (SELECT id FROM projects WHERE slug = $1)`,
    params: [slug],
  }
  if (row === undefined) return []
  const wanted = new Set(namesIn(row, 'challenge_scopes'))
  return [...underPolicy(wanted, namesIn(row, 'policy_scopes'))].sort()
}

/** Writes the whole policy of a project. */
export function* putPolicy(policy: Policy, nowMs: number): Operation<void> {
  yield {
    sql: `INSERT INTO project_policies (project_id, is_mcp_enabled, allowed_redirect_uris,
        allowed_client_ids, policy_scopes, challenge_scopes, registration_mode,
        access_token_minutes, refresh_token_days, updated_at_ms)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      ON CONFLICT (project_id) DO UPDATE SET is_mcp_enabled = excluded.is_mcp_enabled,
        allowed_redirect_uris = excluded.allowed_redirect_uris,
        allowed_client_ids = excluded.allowed_client_ids,
        policy_scopes = excluded.policy_scopes,
        challenge_scopes = excluded.challenge_scopes,
        registration_mode = excluded.registration_mode,
        access_token_minutes = excluded.access_token_minutes,
        refresh_token_days = excluded.refresh_token_days,
        updated_at_ms = excluded.updated_at_ms`,
    params: [
      policy.projectId,
      policy.isMcpEnabled ? 1 : 0,
      JSON.stringify(policy.allowedRedirectUris),
      JSON.stringify(policy.allowedClientIds),
      JSON.stringify(policy.policyScopes),
      JSON.stringify(policy.challengeScopes),
      policy.registrationMode,
      policy.accessTokenMinutes,
      policy.refreshTokenDays,
      nowMs,
    ],
  }
}

const namesIn = (row: Row, column: string) => JSON.parse(text(row, column)) as string[]

function policyOf(row: Row): Policy {
  return {
    projectId: int(row, 'project_id'),
    isMcpEnabled: flag(row, 'is_mcp_enabled'),
    allowedRedirectUris: namesIn(row, 'allowed_redirect_uris'),
    allowedClientIds: namesIn(row, 'allowed_client_ids'),
    policyScopes: namesIn(row, 'policy_scopes'),
    challengeScopes: namesIn(row, 'challenge_scopes'),
    registrationMode: text(row, 'registration_mode') as RegistrationMode,
    accessTokenMinutes: int(row, 'access_token_minutes'),
    refreshTokenDays: int(row, 'refresh_token_days'),
  }
}
