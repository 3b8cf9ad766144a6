import { apiKeyPermissions, type Principal, type PrincipalNames } from '../model/principal.ts'
import type { Era } from './protocol.ts'

/** The name of the tool every project has. */
export const whoamiName = 'mcp_whoami'

/** How `mcp_whoami` is listed. */
export const whoamiTool = {
  name: whoamiName,
  title: 'Who am I',
  description:
    'Tells which project, integration and user this connection acts for, and which scopes it holds.',
  inputSchema: { type: 'object', properties: {}, additionalProperties: false },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
} as const

/** The answer of `mcp_whoami` as a `CallToolResult` in JSON text (wire.md §7). */
export function whoamiJson(
  principal: Principal,
  names: PrincipalNames,
  context: { readonly client: string | null; readonly era: Era },
): string {
  const { client, era } = context
  const who = {
    project: { id: principal.projectId, slug: principal.projectSlug, name: names.projectName },
    integration: { id: principal.integrationId, name: names.integrationName },
    member: principal.member,
    client,
    permissions: apiKeyPermissions.filter((p) => principal.permissions.has(p)),
    scopes: principal.scopes === null ? ['ALL'] : [...principal.scopes].sort(),
    token_expires_at:
      principal.expiresAtMs === null ? null : new Date(principal.expiresAtMs).toISOString(),
  }
  const text = JSON.stringify(who)
  const tail = era === 'modern' ? ',"resultType":"complete"}' : '}'
  return `{"content":[{"type":"text","text":${JSON.stringify(text)}}],"structuredContent":${text}${tail}`
}
