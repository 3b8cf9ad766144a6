import { AppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Administrator } from '../model/admin_token.ts'
import { type Project, slugOf } from '../model/project.ts'
import { type ToolTokens, toolTokensOf } from '../model/tool_mode.ts'
import {
  findProject,
  insertProject,
  listProjects as listAll,
  updateProject as writeProject,
} from '../store/project_store.ts'
import { findProjectServing } from '../store/tool_total_store.ts'
import { audited, changesBetween } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { notFound, requireWholeInstance } from './reach.ts'

/** What a new project may say. */
export interface ProjectInput {
  readonly name: string
  /** Made from the name when absent. */
  readonly slug: string | null
  readonly description: string
}

/** Creates a project. @throws AppError name_taken - a slug that was asked for is in use */
export async function createProject(
  deps: ManageDeps,
  admin: Administrator,
  input: ProjectInput,
): Promise<Project> {
  requireWholeInstance(admin)
  const { name, description } = input
  for (const slug of slugCandidates(input)) {
    const nowMs = deps.clock.nowMs()
    const project = await audited(deps, admin, {
      operation: () => insertProject({ slug, name, description, nowMs }),
      event: (made) => made && projectEvent('create', made, { name, slug }),
    })
    if (project !== null) return project
  }
  throw slugTaken(input.slug ?? slugOf(name))
}

/** The slug asked for and no other; else the name's, numbered until one is free. */
function* slugCandidates(input: ProjectInput): Generator<string> {
  if (input.slug !== null) {
    yield input.slug
    return
  }
  const base = slugOf(input.name)
  yield base
  for (let n = 2; n < 1_000; n++) yield `${base}-${n}`
}

const projectEvent = (verb: string, { id }: Project, details: JsonObject) => ({
  action: `project.${verb}`,
  target: `project:${id}`,
  projectId: id,
  details,
})

const slugTaken = (slug: string) =>
  new AppError('name_taken', {
    errors: [{ pointer: '/slug', message: `"${slug}" is the slug of another project` }],
  })

/** Lists the projects in the administrator's reach. */
export async function listProjects(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest,
): Promise<CursorPage<Project>> {
  if (admin.projectId !== null) {
    return { items: [await getProject(deps, admin, admin.projectId)], nextCursor: null }
  }
  const list = (position: string | null) => listAll(request.limit, position)
  return readPage(deps, 'projects', { ...request, list })
}

/** Finds a project. @throws AppError not_found */
export async function getProject(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<Project> {
  const isInReach = admin.projectId === null || admin.projectId === id
  const project = isInReach ? await deps.database.read(() => findProject(id)) : null
  if (project === null) throw notFound('project')
  return project
}

/** Which fields of a project change; the others stay. */
export type ProjectChange = Partial<
  Pick<
    Project,
    | 'name'
    | 'slug'
    | 'description'
    | 'isSuspended'
    | 'memberCallsPerMinute'
    | 'requireAssertionJti'
    | 'toolMode'
    | 'toolBudgetTokens'
  >
>

/** Changes a project; suspending it ends every credential's use of it at once. */
export async function updateProject(
  deps: ManageDeps,
  admin: Administrator,
  target: { readonly id: number; readonly change: ProjectChange },
): Promise<Project> {
  const project = await getProject(deps, admin, target.id)
  const changed = { ...project, ...target.change, updatedAtMs: deps.clock.nowMs() }
  const written = await audited(deps, admin, {
    operation: () => writeProject(changed),
    event: (made) =>
      made === null || made === 'slug_taken'
        ? null
        : projectEvent('update', made, changesBetween(project, made)),
  })
  if (written === 'slug_taken') throw slugTaken(changed.slug)
  if (written === null) throw notFound('project')
  const { toolMode, toolBudgetTokens } = written
  if (toolMode !== project.toolMode || toolBudgetTokens !== project.toolBudgetTokens) {
    deps.onToolsChanged(project.id)
  }
  return written
}

/** Adds up what a project's tools cost a model. */
export async function readToolTokens(deps: ManageDeps, { id }: Project): Promise<ToolTokens> {
  return toolTokensOf(await deps.database.read(() => findProjectServing(id)))
}
