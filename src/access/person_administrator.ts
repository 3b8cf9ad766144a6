import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import { includesRole, type Membership, type Role, roleIn } from '../model/user.ts'
import {
  type ConsoleDeps,
  type ConsoleSession,
  checkCsrf,
  checkSameOrigin,
  readConsoleSession,
} from './console_session.ts'

/**
 * The person who calls the management API by the session of the browser; null where the request
 * carries another credential, or no session. Whatever is not a mere read must come from a page of this
 * server and carry the session's token in `X-CSRF-Token` (case 259).
 * @throws AppError csrf_failed, or not_signed_in - the second factor is yet to be shown
 */
export async function readPerson(
  deps: ConsoleDeps,
  { method, headers }: Pick<Request, 'method' | 'headers'>,
): Promise<ConsoleSession | null> {
  if (headers.has('authorization') || !headers.has('cookie')) return null
  const session = await readConsoleSession(deps, headers.get('cookie'))
  if (session === null) return null
  if (session.stage !== 'signed_in') throw new AppError('not_signed_in')
  if (isRead(method)) return session
  checkSameOrigin(deps, headers)
  checkCsrf(session, headers.get('x-csrf-token'))
  return session
}

/** A request as far as a person's rights depend on it. */
export interface PersonRequest {
  readonly method: string
  /** Below `/api/v1`, with a slash. */
  readonly path: string
  /** Which project the request names; null for none. */
  readonly projectId: number | null
  readonly address: string | null
}

/**
 * What a person may manage with this request: the whole installation where a role there is enough for
 * it, else the project it names, or the only one the person has.
 * @throws AppError permission_denied; validation_failed - one of several projects must be named
 */
export function administratorFor(
  { user, memberships }: ConsoleSession,
  request: PersonRequest,
): Administrator {
  const wanted = roleFor(request)
  const { projectId, role } = standingFor(memberships, request.projectId, wanted)
  const label = `user:${user.id}`
  return { kind: 'user', projectId, role, label, address: request.address, rateLimits: [] }
}

function standingFor(
  memberships: readonly Membership[],
  named: number | null,
  wanted: Role,
): Pick<Membership, 'projectId' | 'role'> {
  const whole = memberships.find(({ projectId }) => projectId === null)
  if (whole !== undefined && includesRole(whole.role, wanted)) return whole
  const [only, ...others] = memberships.filter(({ projectId }) => projectId !== null)
  if (named === null && others.length > 0) {
    const message = 'is required of a person with roles in several projects'
    throw new AppError('validation_failed', { errors: [{ pointer: '/project_id', message }] })
  }
  const projectId = named ?? only?.projectId ?? null
  const role = projectId === null ? null : roleIn(memberships, projectId)
  if (role !== null && includesRole(role, wanted)) return { projectId, role }
  throw new AppError('permission_denied', {
    reason: `This takes the role ${wanted}, or a stronger one.`,
  })
}

const isRead = (method: string) => method === 'GET' || method === 'HEAD'

/** What developers change: tools, and what helps to build them. */
const developerPaths = /^\/(?:custom-tools|runs|signatures|assertions|openapi-sources)(?:\/|$)/
/** What makes credentials or keys of the whole installation. */
const ownerPaths = /^\/(?:admin-tokens|bootstrap|signing-keys)(?:\/|$)/

/** The weakest role that a request takes; what is not listed takes an admin. */
function roleFor({ method, path }: PersonRequest): Role {
  if (isRead(method)) return 'viewer'
  if (ownerPaths.test(path)) return 'owner'
  return developerPaths.test(path) ? 'developer' : 'admin'
}
