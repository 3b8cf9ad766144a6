import type { Administrator } from '../model/admin_token.ts'
import type { Grant } from '../model/grant.ts'
import {
  type GrantFault,
  type GrantStanding,
  grantFault,
  grantFaultTexts,
  scopesNow,
} from '../model/grant_standing.ts'
import type { Operation } from '../store/database.ts'
import {
  findGrantNames,
  findGrantStanding,
  type GrantNames,
} from '../store/grant_standing_store.ts'
import {
  findGrant,
  type GrantFilter,
  listGrants,
  revokeGrant,
  revokeGrantsOf,
} from '../store/grant_store.ts'
import { audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { inReach, projectInReach } from './reach.ts'

/** How a connection stands: `stopped` may come back by itself, the others have ended for good. */
export type ConnectionState = 'active' | 'stopped' | 'revoked' | 'expired'

/** A grant as people see it. */
export interface Connection extends GrantNames {
  readonly grant: Grant
  /** Null where a client acts for itself. */
  readonly user: GrantStanding['user']
  readonly state: ConnectionState
  /** Why it is not active, as a sentence. */
  readonly because: string | null
  /** What its tokens may hold at this moment; nothing unless it is active. */
  readonly scopes: readonly string[]
}

/** Which connections a list shows; the project may be implied by the credential. */
export interface ConnectionQuery {
  readonly projectId: number | null
  readonly userId: number | null
  readonly clientId: string | null
  /** Leaves out what was revoked or has expired. */
  readonly isLive: boolean
}

/** Lists a project's connections, newest first. */
export function listConnections(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & ConnectionQuery,
): Promise<CursorPage<Connection>> {
  const { userId, clientId, isLive } = request
  const projectId = projectInReach(admin, request.projectId)
  const nowMs = deps.clock.nowMs()
  const filter: GrantFilter = { projectId, userId, clientId, liveAtMs: isLive ? nowMs : null }
  return readPage(deps, `connections|${projectId}`, {
    ...request,
    list: function* (position) {
      const page = yield* listGrants(filter, request.limit, position)
      const items: Connection[] = []
      for (const grant of page.items) items.push(yield* viewGrant(grant, nowMs))
      return { items, next: page.next }
    },
  })
}

/** Finds a connection. @throws AppError not_found */
export async function getConnection(
  deps: ManageDeps,
  admin: Administrator,
  id: string,
): Promise<Connection> {
  const grant = await grantInReach(deps, admin, id)
  return deps.database.read(() => viewGrant(grant, deps.clock.nowMs()))
}

/**
 * Ends a connection: its tokens are refused from the next request on, its streams end within a second
 * (reliability.md case 45). One that has ended stays as it is.
 * @throws AppError not_found
 */
export async function revokeConnection(
  deps: ManageDeps,
  admin: Administrator,
  id: string,
): Promise<void> {
  const { projectId, clientId, userId } = await grantInReach(deps, admin, id)
  await audited(deps, admin, {
    operation: () => revokeGrant(id, revocation(deps, admin)),
    event: (isEnded) =>
      isEnded
        ? {
            action: 'connection.revoke',
            target: `connection:${id}`,
            projectId,
            details: { client_id: clientId, user_id: userId },
          }
        : null,
  })
}

/** Whose connections are to end; with neither person nor client all of the project. */
export interface ConnectionsOf {
  readonly projectId: number | null
  readonly userId?: number
  readonly clientId?: string
}

/** Ends every connection of a project, or those of a person or a client in it. @returns how many */
export async function revokeConnections(
  deps: ManageDeps,
  admin: Administrator,
  of: ConnectionsOf,
): Promise<number> {
  const projectId = projectInReach(admin, of.projectId)
  const { userId, clientId } = of
  const ended = await audited(deps, admin, {
    operation: () => revokeGrantsOf({ ...of, projectId }, revocation(deps, admin)),
    event: (ids) => ({
      action: 'connection.revoke_all',
      target: `project:${projectId}`,
      projectId,
      details: { user_id: userId ?? null, client_id: clientId ?? null, connections: [...ids] },
    }),
  })
  return ended.length
}

const revocation = ({ clock }: ManageDeps, { label }: Administrator) => ({
  nowMs: clock.nowMs(),
  because: `Revoked by ${label}.`,
})

async function grantInReach(deps: ManageDeps, admin: Administrator, id: string): Promise<Grant> {
  return inReach(admin, await deps.database.read(() => findGrant(id)), 'connection')
}

function* viewGrant(grant: Grant, nowMs: number): Operation<Connection> {
  const standing = yield* findGrantStanding(grant.id)
  const names = yield* findGrantNames(grant.clientId, grant.userId)
  const fault = standing === null ? 'revoked' : grantFault(standing, nowMs)
  const isActive = standing !== null && fault === null
  return {
    ...names,
    grant,
    user: standing?.user ?? null,
    state: stateOf(fault),
    because: fault === null ? null : becauseOf(fault, grant),
    scopes: isActive ? [...scopesNow(grant.scopes, standing)].sort() : [],
  }
}

function becauseOf(fault: GrantFault, { revokedBecause }: Grant): string {
  return fault === 'revoked' && revokedBecause !== null ? revokedBecause : grantFaultTexts[fault]
}

function stateOf(fault: GrantFault | null): ConnectionState {
  if (fault === null) return 'active'
  return fault === 'revoked' || fault === 'expired' ? fault : 'stopped'
}
