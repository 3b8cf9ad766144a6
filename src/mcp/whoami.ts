import type { RateLimits } from '../access/rate_limits.ts'
import {
  apiKeyPermissions,
  type Member,
  type Principal,
  type PrincipalNames,
} from '../model/principal.ts'
import type { RateLimit } from '../model/rate_limit.ts'
import type { Era } from './protocol.ts'

/** The name of the tool every project has. */
export const whoamiName = 'mcp_whoami'

/** How `mcp_whoami` is listed. */
export const whoamiTool = {
  name: whoamiName,
  title: 'Who am I',
  description:
    'Tells which project, integration and user this connection acts for, which scopes it holds and how many calls it has left.',
  inputSchema: { type: 'object', properties: {}, additionalProperties: false },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
} as const

interface WhoamiContext {
  readonly client: string | null
  readonly era: Era
  readonly limits: RateLimits
}

/** The answer of `mcp_whoami` as a `CallToolResult` in JSON text (wire.md §7). */
export function whoamiJson(
  principal: Principal,
  names: PrincipalNames,
  context: WhoamiContext,
): string {
  const { client, era, limits } = context
  const who = {
    project: { id: principal.projectId, slug: principal.projectSlug, name: names.projectName },
    integration: { id: principal.integrationId, name: names.integrationName },
    ...whoJson(principal, names, client),
    permissions: apiKeyPermissions.filter((p) => principal.permissions.has(p)),
    scopes: principal.scopes === null ? ['ALL'] : [...principal.scopes].sort(),
    limits: {
      key: limitJson(principal, 'key', limits),
      member: limitJson(principal, 'member', limits),
    },
    token_expires_at:
      principal.expiresAtMs === null ? null : new Date(principal.expiresAtMs).toISOString(),
  }
  const text = JSON.stringify(who)
  const tail = era === 'modern' ? ',"resultType":"complete"}' : '}'
  return `{"content":[{"type":"text","text":${JSON.stringify(text)}}],"structuredContent":${text}${tail}`
}

/** With an access token: the person, the client and the connection. */
function whoJson({ member, grant }: Principal, names: PrincipalNames, client: string | null) {
  const said = { member: member && memberJson(member), client }
  if (grant === null) return said
  const { id, userId, clientId } = grant
  const user = userId && { id: userId, email: member?.email ?? null, name: names.userName }
  return {
    user,
    ...said,
    client: { id: clientId, name: names.clientName },
    connection: { id },
  }
}

const memberJson = ({ externalId, email, roles, source }: Member) => ({
  external_id: externalId,
  email,
  roles,
  verified: source !== 'unverified',
})

function limitJson(principal: Principal, of: RateLimit['of'], limits: RateLimits) {
  const limit = principal.rateLimits.find((each) => each.of === of)
  if (limit === undefined) return null
  return { calls_per_minute: limit.callsPerMinute, remaining: limits.remaining(limit) }
}
