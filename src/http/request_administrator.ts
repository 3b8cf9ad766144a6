import { authenticateAdministrator } from '../access/authenticate.ts'
import type { ConsoleSession } from '../access/console_session.ts'
import { administratorFor, readPerson } from '../access/person_administrator.ts'
import { isJsonObject, type JsonValue } from '../lib/json.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { PageContext } from './console_exchange.ts'
import type { ManagementDeps } from './management_router.ts'

/**
 * Who manages by this request: proven before its body is read. A person's rights depend on the
 * project that the request names, in its path, query or body.
 * @throws AppError missing_credential, csrf_failed, or what an unknown or weak credential leads to
 */
export async function requestAdministrator(
  deps: ManagementDeps,
  c: PageContext,
): Promise<(body: JsonValue) => Administrator> {
  const { peer, address } = c.env
  const authorization = c.req.header('authorization') ?? null
  if (authorization === null && peer.kind !== 'tcp') return () => local
  const session = await readPerson(deps.console, c.req.raw)
  if (session !== null) return (body) => personFor(session, c, body)
  const administrator = await authenticateAdministrator(deps.access, authorization, address)
  return () => administrator
}

const local: Administrator = {
  kind: 'local',
  projectId: null,
  label: 'local',
  address: null,
  rateLimits: [],
}

function personFor(session: ConsoleSession, c: PageContext, body: JsonValue): Administrator {
  const { method } = c.req
  const path = c.req.path.slice('/api/v1'.length)
  const projectId = namedProject(c, path, body)
  return administratorFor(session, { method, path, projectId, address: c.env.address })
}

function namedProject(c: PageContext, path: string, body: JsonValue): number | null {
  const [, inPath] = /^\/projects\/([1-9]\d{0,14})(?:\/|$)/.exec(path) ?? []
  const inBody = isJsonObject(body) ? body.project_id : undefined
  const named = Number(inPath ?? c.req.query('project_id') ?? inBody ?? 0)
  return Number.isSafeInteger(named) && named > 0 ? named : null
}
