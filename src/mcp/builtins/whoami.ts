import { CLIENT_INFO_META_KEY } from '@modelcontextprotocol/server'
import type { RateLimits } from '../../access/rate_limits.ts'
import type { UsageControl, UsageLeft } from '../../access/usage_control.ts'
import type { JsonObject } from '../../lib/json.ts'
import {
  apiKeyPermissions,
  type Member,
  type Principal,
  type PrincipalNames,
} from '../../model/principal.ts'
import type { RateLimit } from '../../model/rate_limit.ts'
import type { BuiltinTool } from '../builtin_tools.ts'
import { builtinResult } from './builtin_result.ts'

/** How `mcp_whoami` is listed. */
const listed = {
  name: 'mcp_whoami',
  title: 'Who am I',
  description:
    'Tells which project, integration and user this connection acts for, which scopes it holds and how many calls it has left.',
  inputSchema: { type: 'object', properties: {}, additionalProperties: false },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
} as const

/** What telling who is calling needs. */
export interface WhoamiDeps {
  readonly limits: RateLimits
  readonly usage: UsageControl
  readonly readNames: (principal: Principal) => Promise<PrincipalNames>
}

/** `mcp_whoami`, the tool every project has (wire.md §7). */
export function whoamiTool({ limits, usage, readNames }: WhoamiDeps): BuiltinTool {
  return {
    name: listed.name,
    listed,
    isListed: () => true,
    answer: async ({ request, exchange: { principal, headers } }) => {
      const names = await readNames(principal)
      const quotas = await usage.left(principal)
      const context = { client: clientName(request.meta, headers), limits, quotas }
      return builtinResult(whoJson(principal, names, context), request.era)
    },
  }
}

interface WhoamiContext {
  readonly client: string | null
  readonly limits: RateLimits
  readonly quotas: readonly UsageLeft[]
}

function whoJson(principal: Principal, names: PrincipalNames, context: WhoamiContext) {
  const { client, limits, quotas } = context
  return {
    project: { id: principal.projectId, slug: principal.projectSlug, name: names.projectName },
    integration: { id: principal.integrationId, name: names.integrationName },
    ...callerJson(principal, names, client),
    permissions: apiKeyPermissions.filter((p) => principal.permissions.has(p)),
    scopes: principal.scopes === null ? ['ALL'] : [...principal.scopes].sort(),
    limits: {
      key: limitJson(principal, 'key', limits),
      member: limitJson(principal, 'member', limits),
      quotas: quotas.map(quotaJson),
    },
    token_expires_at:
      principal.expiresAtMs === null ? null : new Date(principal.expiresAtMs).toISOString(),
  }
}

/** With an access token: the person, the client and the connection. */
function callerJson({ member, grant }: Principal, names: PrincipalNames, client: string | null) {
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

const quotaJson = ({ owner, limit, allowed, used, resetsAtMs }: UsageLeft) => ({
  of: owner,
  limit,
  allowed,
  remaining: Math.max(0, allowed - used),
  resets_at: resetsAtMs === null ? null : new Date(resetsAtMs).toISOString(),
})

function clientName(meta: JsonObject, headers: Headers): string | null {
  const info = meta[CLIENT_INFO_META_KEY]
  const name = typeof info === 'object' && info !== null && 'name' in info ? info.name : null
  return typeof name === 'string' ? name : headers.get('user-agent')
}
