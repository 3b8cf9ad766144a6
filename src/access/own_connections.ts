import { AppError } from '../errors.ts'
import type { Grant } from '../model/grant.ts'
import type { Operation } from '../store/database.ts'
import { findGrantNames } from '../store/grant_standing_store.ts'
import { findGrant, listGrants, revokeGrant, revokeGrantsOf } from '../store/grant_store.ts'
import { findOauthClient } from '../store/oauth_client_store.ts'
import { findProject } from '../store/project_store.ts'
import type { ConsoleDeps, ConsoleSession } from './console_session.ts'
import { recordPerson } from './person_audit.ts'

/** One AI client that a person has connected. */
export interface OwnConnection {
  readonly grant: Grant
  readonly clientName: string
  /** The host that vouches for the client by its id; null where nobody does. */
  readonly verifiedHost: string | null
  readonly projectName: string
}

/** How many a page shows. */
const maxShown = 200

/** The connections of a person that count, newest first; 200 at most. */
export function listOwnConnections(
  { database, clock }: ConsoleDeps,
  userId: number,
): Promise<readonly OwnConnection[]> {
  const filter = { projectId: null, userId, clientId: null, liveAtMs: clock.nowMs() }
  return database.read(function* () {
    const { items } = yield* listGrants(filter, maxShown, null)
    const connections: OwnConnection[] = []
    for (const grant of items) connections.push(yield* viewGrant(grant))
    return connections
  })
}

function* viewGrant(grant: Grant): Operation<OwnConnection> {
  const { clientName } = yield* findGrantNames(grant.clientId, grant.userId)
  const client = yield* findOauthClient(grant.clientId)
  const project = yield* findProject(grant.projectId)
  return {
    grant,
    clientName: clientName ?? grant.clientId,
    verifiedHost: client?.kind === 'document' ? new URL(client.clientId).host : null,
    projectName: project?.name ?? '',
  }
}

/** Ends one of a person's own connections from the next request on. @throws AppError not_found */
export async function revokeOwnConnection(
  deps: ConsoleDeps,
  { user }: ConsoleSession,
  ended: { readonly grantId: string; readonly address: string | null },
): Promise<void> {
  const { grantId, address } = ended
  const isOwn = await deps.database.write(function* () {
    const grant = yield* findGrant(grantId)
    if (grant?.userId !== user.id) return false
    if (!(yield* revokeGrant(grantId, revocation(deps)))) return true
    const { projectId, clientId } = grant
    yield* recordPerson(deps, {
      ...{ action: 'connection.revoke', userId: user.id, address, projectId },
      ...{ target: `connection:${grantId}`, details: { client_id: clientId, user_id: user.id } },
    })
    return true
  })
  if (!isOwn) throw new AppError('not_found')
}

/** Ends all connections of a person. */
export async function revokeOwnConnections(
  deps: ConsoleDeps,
  { user }: ConsoleSession,
  address: string | null,
): Promise<void> {
  await deps.database.write(function* () {
    const ended = yield* revokeGrantsOf({ userId: user.id }, revocation(deps))
    const details = { connections: [...ended] }
    yield* recordPerson(deps, {
      action: 'connection.revoke_all',
      userId: user.id,
      address,
      details,
    })
  })
}

const revocation = ({ clock }: ConsoleDeps) => ({
  nowMs: clock.nowMs(),
  because: 'Revoked by the person who approved it.',
})
