/** Operations that need a credential for the whole installation. */
export const wholeInstance = new Set([
  'pinOauthClient',
  'bootstrap',
  'createProject',
  'listAdminTokens',
  'createAdminToken',
  'revokeAdminToken',
  'listSigningKeys',
  'rotateSigningKey',
  'verifyAudit',
  'updateUser',
  'resetUserPassword',
  'resetUserSecondFactor',
  'makeSetupUrl',
])
/** Lists answer for the caller's own project where none is named. */
export const ownLists = new Set([
  'listConnections',
  'listOauthClients',
  'listOpenapiSources',
  'listProjects',
  'listIntegrations',
  'listTools',
  'listRuns',
  'listUpstreams',
  'listUsage',
  'listAssertionKeys',
  'listMembers',
  'listAuditEvents',
  'listTrustedIssuers',
  'listUsers',
])

/** The lists of things that each belong to a project. */
export const knownLists: readonly string[] = [
  'assertion-keys',
  'audit',
  'connections',
  'custom-tools',
  'integrations',
  'members',
  'oauth-clients',
  'openapi-sources',
  'runs',
  'trusted-issuers',
  'upstreams',
  'usage',
  'users',
]
