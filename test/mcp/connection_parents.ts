import type { Connected, StoreBeside } from '../helpers/connections.ts'
import type { McpFixture } from './mcp_fixture.ts'

/** Something an access token stands on, and how it ends. */
export interface ConnectionParent {
  readonly what: string
  end(made: Connected): Promise<unknown>
  /** Brings it back; null where it has ended for good. */
  readonly restore: ((made: Connected) => Promise<unknown>) | null
}

type Row = readonly [string, ConnectionParent['end'], ConnectionParent['restore']]

/** What the tables of tests are called after. */
export const parentNames = [
  'its connection is revoked',
  'all connections of the person are revoked',
  'all connections of the client are revoked',
  'the token is deleted',
  'the client is deleted',
  'the policy pins other clients',
  'the person is disabled',
  'the person leaves the project',
  'the member is blocked',
  'the integration is deactivated',
]

/** Everything an access token stands on that can end while the project goes on. */
export function connectionParents(
  { app, project }: McpFixture,
  store: StoreBeside,
): ReadonlyMap<string, ConnectionParent> {
  const { project_id: projectId } = project
  const setPolicy = (change: object) =>
    app.api('PATCH', `/api/v1/projects/${projectId}/policy`, change)
  const rows: readonly Row[] = [
    [
      'its connection is revoked',
      ({ grantId }) => app.api('DELETE', `/api/v1/connections/${grantId}`),
      null,
    ],
    [
      'all connections of the person are revoked',
      ({ userId }) => {
        const of = { project_id: projectId, user_id: userId }
        return app.api('POST', '/api/v1/connections/revoke', of)
      },
      null,
    ],
    [
      'all connections of the client are revoked',
      ({ clientId }) => {
        const of = { project_id: projectId, client_id: clientId }
        return app.api('POST', '/api/v1/connections/revoke', of)
      },
      null,
    ],
    [
      'the token is deleted',
      ({ grantId }) => store.sql('DELETE FROM access_tokens WHERE grant_id = $1', grantId),
      null,
    ],
    [
      'the client is deleted',
      ({ clientId }) =>
        store.sql('UPDATE oauth_clients SET deleted_at_ms = 1 WHERE client_id = $1', clientId),
      ({ clientId }) =>
        store.sql('UPDATE oauth_clients SET deleted_at_ms = NULL WHERE client_id = $1', clientId),
    ],
    [
      'the policy pins other clients',
      () => setPolicy({ allowed_client_ids: ['another'] }),
      () => setPolicy({ allowed_client_ids: [] }),
    ],
    [
      'the person is disabled',
      ({ userId }) => store.sql('UPDATE users SET is_disabled = 1 WHERE id = $1', userId),
      ({ userId }) => store.sql('UPDATE users SET is_disabled = 0 WHERE id = $1', userId),
    ],
    [
      'the person leaves the project',
      ({ userId }) =>
        store.sql('UPDATE memberships SET project_id = 99 WHERE user_id = $1', userId),
      ({ userId }) =>
        store.sql('UPDATE memberships SET project_id = NULL WHERE user_id = $1', userId),
    ],
    [
      'the member is blocked',
      ({ memberId }) => app.api('PATCH', `/api/v1/members/${memberId}`, { is_blocked: true }),
      ({ memberId }) => app.api('PATCH', `/api/v1/members/${memberId}`, { is_blocked: false }),
    ],
    [
      'the integration is deactivated',
      ({ integrationId }) =>
        app.api('PATCH', `/api/v1/integrations/${integrationId}`, { is_active: false }),
      ({ integrationId }) =>
        app.api('PATCH', `/api/v1/integrations/${integrationId}`, { is_active: true }),
    ],
  ]
  return new Map(rows.map(([what, end, restore]) => [what, { what, end, restore }]))
}
