import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { ApiClient } from './api_client.ts'
import { ApiFailure, CliFailure, exitCodes, misuse } from './failure.ts'

const maxNamed = 10

/** The id of an API object, as paths and queries write it. */
export const idOf = (object: JsonObject) => String(object.id)

/**
 * The project with this id or slug; the only one where none is named.
 * @throws CliFailure - there is no such project, or more than one to choose from
 */
export async function findProject(api: ApiClient, wanted: string | undefined): Promise<JsonObject> {
  const projects = await Array.fromAsync(api.items('/api/v1/projects'))
  if (wanted !== undefined) return named('project', wanted, projects)
  const [only, ...others] = projects
  if (only === undefined) {
    throw new CliFailure(exitCodes.failed, 'There is no project yet', {
      reason: 'Make one: gatehouse bootstrap --project NAME',
    })
  }
  if (others.length === 0) return only
  throw misuse('Which project?', `Give --project: ${listed(projects.map((one) => one.slug))}`)
}

/** The integration of a project with this id or name. @throws CliFailure - there is none */
export async function findIntegration(
  api: ApiClient,
  projectId: string,
  wanted: string,
): Promise<JsonObject> {
  const all = await Array.fromAsync(api.items('/api/v1/integrations', { project_id: projectId }))
  return named('integration', wanted, all)
}

/** The OpenAPI source of a project with this id or name. @throws CliFailure - there is none */
export async function findOpenapiSource(
  api: ApiClient,
  projectId: string,
  wanted: string,
): Promise<JsonObject> {
  const query = { project_id: projectId }
  const all = await Array.fromAsync(api.items('/api/v1/openapi-sources', query))
  return named('OpenAPI source', wanted, all)
}

/** The tool of a project with this id or name, upper and lower case alike. @throws CliFailure - there is none */
export async function findTool(
  api: ApiClient,
  projectId: string,
  wanted: string,
): Promise<JsonObject> {
  const all = await Array.fromAsync(api.items('/api/v1/custom-tools', { project_id: projectId }))
  return named('tool', wanted, all)
}

/**
 * The assertion key of a project with this `kid`, the active one before those deactivated, or with
 * this id, which comes between the two. @throws CliFailure - there is none
 */
export async function findAssertionKey(
  api: ApiClient,
  projectId: string,
  wanted: string,
): Promise<JsonObject> {
  const all = await Array.fromAsync(api.items('/api/v1/assertion-keys', { project_id: projectId }))
  const ofKid = all.filter(({ kid }) => kid === wanted)
  const found =
    ofKid.find((key) => key.is_active === true) ??
    all.find((key) => idOf(key) === wanted) ??
    ofKid.at(-1)
  if (found !== undefined) return found
  throw absent('assertion key', wanted, thereAre(all.map(({ kid }) => kid)))
}

/** The OAuth client with this client id, or with this id. @throws CliFailure - there is none */
export async function findOauthClient(api: ApiClient, wanted: string): Promise<JsonObject> {
  const all = await Array.fromAsync(api.items('/api/v1/oauth-clients'))
  const found =
    all.find((client) => client.client_id === wanted) ?? all.find((one) => idOf(one) === wanted)
  if (found !== undefined) return found
  throw absent('OAuth client', wanted, thereAre(all.map(({ client_id: id }) => id)))
}

/** The member of a project with this external id, or else with this id. @throws CliFailure - there is none */
export async function findMember(
  api: ApiClient,
  projectId: string,
  wanted: string,
): Promise<JsonObject> {
  const query = { project_id: projectId, external_id: wanted }
  const { items } = await api.page('/api/v1/members', query)
  const found = items[0] ?? (await objectOfId(api, '/api/v1/members', wanted))
  if (found !== null && String(found.project_id) === projectId) return found
  throw absent('member', wanted, 'A member is known from the first session token on.')
}

/** The person with this email, or else with this id. @throws CliFailure - there is none */
export async function findUser(api: ApiClient, wanted: string): Promise<JsonObject> {
  const { items } = await api.page('/api/v1/users', { email: wanted })
  const found = items[0] ?? (await objectOfId(api, '/api/v1/users', wanted))
  if (found !== null) return found
  throw absent('person', wanted, 'See them all with: gatehouse user list')
}

async function objectOfId(api: ApiClient, path: string, id: string): Promise<JsonObject | null> {
  if (!/^[1-9]\d{0,14}$/.test(id)) return null
  try {
    return await api.get(`${path}/${id}`)
  } catch (error) {
    if (error instanceof ApiFailure && error.problem.status === 404) return null
    throw error
  }
}

function named(noun: string, wanted: string, objects: readonly JsonObject[]): JsonObject {
  const nameOf = (object: JsonObject) => object.slug ?? object.name
  const lowered = wanted.toLowerCase()
  const found =
    objects.find((object) => nameOf(object) === wanted) ??
    objects.find((object) => String(nameOf(object)).toLowerCase() === lowered) ??
    objects.find((object) => idOf(object) === wanted)
  if (found !== undefined) return found
  throw absent(noun, wanted, thereAre(objects.map(nameOf)))
}

const absent = (noun: string, wanted: string, reason: string) =>
  new CliFailure(exitCodes.failed, `There is no ${noun} "${wanted}"`, { reason })

const thereAre = (names: readonly (JsonValue | undefined)[]) =>
  names.length === 0 ? 'There is none at all.' : `There are: ${listed(names)}`

function listed(names: readonly (JsonValue | undefined)[]): string {
  const shown = names.slice(0, maxNamed).map(String).join(', ')
  return names.length > maxNamed ? `${shown} and ${names.length - maxNamed} more` : shown
}
