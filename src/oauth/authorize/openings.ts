import { AppError } from '../../errors.ts'
import type { Policy, Scope } from '../../model/policy.ts'
import type { Project } from '../../model/project.ts'
import { type Role, roleIn } from '../../model/user.ts'
import type { Operation } from '../../store/database.ts'
import { findPolicy } from '../../store/policy_store.ts'
import { findProject, findProjectBySlug, listProjects } from '../../store/project_store.ts'
import { listScopes } from '../../store/scope_store.ts'
import type { OauthDeps } from '../oauth_deps.ts'
import { OAuthError } from '../oauth_error.ts'
import { type Authorization, type Person, RefusedAuthorization } from './authorization.ts'
import { allowedByPolicy, mcpEnabled, offeredScopes } from './project_policy.ts'

/** A project a person could connect a client to. */
export interface Opening {
  readonly project: Project
  /** What the person is there. */
  readonly role: Role
  /** What may be approved, within what was asked and the project's ceiling. */
  readonly offered: readonly Scope[]
  /** Why it may not be; null when it may. */
  readonly refusal: AppError | OAuthError | null
}

/** The most projects one person is shown. */
const maxProjects = 200

/**
 * The projects a person may choose from: the one the client or the resource belongs to, else every one
 * the person has a role in. Whether a project exists that the person is not part of, nobody learns.
 * @throws RefusedAuthorization, AppError client_not_allowed or redirect_not_allowed - none is open
 */
export async function findOpenings(
  deps: Pick<OauthDeps, 'database'>,
  authorization: Authorization,
  person: Person,
): Promise<readonly Opening[]> {
  const found = await deps.database.read(() => listOpenings(authorization, person))
  if (found.some(({ refusal }) => refusal === null)) return found
  const refusal = found[0]?.refusal ?? new OAuthError('access_denied', notOfProject(authorization))
  throw refusal instanceof OAuthError ? new RefusedAuthorization(refusal, authorization) : refusal
}

const notOfProject = ({ client, resource }: Authorization) =>
  client.projectId === null && resource.slug === null
    ? 'The person is not part of any project'
    : 'The person is not part of a project of this URL and client'

function* listOpenings(
  authorization: Authorization,
  person: Person,
): Operation<readonly Opening[]> {
  const openings: Opening[] = []
  for (const project of yield* candidates(authorization, person)) {
    const role = roleIn(person.memberships, project.id)
    if (role === null || project.isSuspended) continue
    const policy = yield* findPolicy(project.id)
    const scopes = yield* listScopes(project.id)
    openings.push({ project, role, ...judged(authorization, policy, scopes) })
  }
  return openings
}

function* candidates(
  { client, resource }: Authorization,
  { memberships }: Person,
): Operation<readonly Project[]> {
  const { projectId } = client
  if (resource.slug !== null) {
    const named = yield* findProjectBySlug(resource.slug)
    return named !== null && (projectId ?? named.id) === named.id ? [named] : []
  }
  if (projectId !== null) return yield* projectsOf([projectId])
  if (memberships.some((membership) => membership.projectId === null)) {
    return (yield* listProjects(maxProjects, null)).items
  }
  const ids = memberships.map((membership) => membership.projectId ?? 0)
  return yield* projectsOf(ids.slice(0, maxProjects))
}

function* projectsOf(ids: readonly number[]): Operation<readonly Project[]> {
  const projects: Project[] = []
  for (const id of ids) {
    const project = yield* findProject(id)
    if (project !== null) projects.push(project)
  }
  return projects
}

function judged(
  authorization: Authorization,
  policy: Policy,
  scopes: readonly Scope[],
): Pick<Opening, 'offered' | 'refusal'> {
  try {
    allowedByPolicy(authorization, policy)
    mcpEnabled(policy)
    const names = offeredScopes(authorization.scopes, policy, scopes)
    return { offered: names.map((name) => described(name, policy, scopes)), refusal: null }
  } catch (error) {
    if (error instanceof OAuthError || error instanceof AppError) {
      return { offered: [], refusal: error }
    }
    throw error
  }
}

function described(name: string, { projectId }: Policy, scopes: readonly Scope[]): Scope {
  return scopes.find((scope) => scope.name === name) ?? { projectId, name, description: '' }
}
