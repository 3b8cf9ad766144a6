/** Under the public URL, where each endpoint is. */
export const oauthPaths = {
  authorize: '/api/v1/mcp-oauth/authorize',
  token: '/api/v1/mcp-oauth/token',
  revoke: '/api/v1/mcp-oauth/revoke',
  introspect: '/api/v1/mcp-oauth/introspect',
  register: '/api/v1/mcp-oauth/register',
} as const
