import type { Clock } from '../../src/lib/clock.ts'
import type { Project } from '../../src/model/project.ts'
import type { ClientDeps } from '../../src/oauth/client_deps.ts'
import { ClientDocuments, type DocumentAnswer } from '../../src/oauth/client_document.ts'
import { ClientThrottle } from '../../src/oauth/client_throttle.ts'
import { type FormParameters, readForm } from '../../src/oauth/form_parameters.ts'
import { ClientRegistration } from '../../src/oauth/register_client.ts'
import { insertProject } from '../../src/store/project_store.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

/** A clock that stands still until it is moved. */
export interface FrozenClock extends Clock {
  ms: number
}

/** What the client rules work with, on a store of its own and a clock that stands still. */
export interface ClientWorld {
  readonly store: TestStore
  readonly clock: FrozenClock
  readonly deps: ClientDeps
  readonly project: Project
  /** Every document that was not taken, and why. */
  readonly refused: { url: string; cause: unknown }[]
}

/** Opens a world; `fetchDocument` stands for the way out, null for none. */
export async function openClientWorld(
  fetchDocument: ((url: string) => Promise<DocumentAnswer>) | null = null,
): Promise<ClientWorld> {
  const store = openTestStore()
  const { database } = store
  const clock: FrozenClock = {
    ms: Date.UTC(2026, 0, 31, 12),
    nowMs: () => clock.ms,
    monotonicMs: () => clock.ms,
  }
  const refused: ClientWorld['refused'] = []
  const onRefused = (url: string, cause: unknown) => refused.push({ url, cause })
  const deps: ClientDeps = {
    database,
    clock,
    documents: new ClientDocuments({ database, clock, fetchDocument, onRefused }),
    throttle: new ClientThrottle(clock),
    registration: new ClientRegistration({ database, clock }),
  }
  return { store, clock, deps, refused, project: await addProject(store, 'demo') }
}

/** Adds a project. */
export async function addProject({ database }: TestStore, slug: string): Promise<Project> {
  const nowMs = 1
  const project = await database.write(() =>
    insertProject({ slug, name: slug, description: '', nowMs }),
  )
  if (project === null) throw new Error(`no project ${slug}`)
  return project
}

/** A form as a client would send it. */
export const formOf = (fields: Readonly<Record<string, string>>): FormParameters =>
  readForm(new URLSearchParams(fields).toString())

/** What a promise was refused with; fails where it was not. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into refusals of every shape
export async function refusalOf(promise: Promise<unknown>): Promise<any> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in outcome) return outcome.error
  throw new Error(`was not refused: ${JSON.stringify(outcome.value)}`)
}
