import type { Command } from 'commander'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  apiCommand,
  type PageOptions,
  pageOptions,
} from '../api_command.ts'
import { callsPerMinute } from '../calls_per_minute.ts'
import { findIntegration, findProject, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { futureMoment } from '../moment.ts'
import { cell, column } from '../print.ts'
import { collect } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { textDetails } from '../text_table.ts'

const path = '/api/v1/integrations'

interface ProjectOptions extends ApiOptions {
  readonly project?: string
}

interface CreateOptions extends ProjectOptions {
  readonly permission?: readonly string[]
  readonly expiresIn?: string
  readonly limit?: string
}

interface UpdateOptions extends ProjectOptions {
  readonly name?: string
  readonly limit?: string
}

/** `gatehouse integration …`: the ways in for model runtimes, each with its API key. */
export function addIntegrationCommands(program: Command, surroundings: Surroundings): void {
  const integration = program.command('integration').description('manage integrations and API keys')
  const command = (usage: string, description: string) =>
    apiCommand(integration, usage, description).option(
      '--project <project>',
      'its project, by id or slug',
    )
  command('create <name>', 'make an integration and its API key')
    .option(
      '--permission <permission>',
      'tools.call, sessions.mint or project.manage (repeatable; default: all)',
      collect,
    )
    .option('--expires-in <span>', 'when the key ends: 12h, 90d or a date (default: never)')
    .option('--limit <n>', 'calls per minute with the key and its session tokens (default: none)')
    .action(apiAction(surroundings, create))
  pageOptions(command('list', 'list integrations')).action(apiAction(surroundings, list))
  command('show <integration>', 'show an integration').action(apiAction(surroundings, show))
  command('update <integration>', 'change an integration')
    .option('--name <name>', 'new name')
    .option('--limit <n>', 'calls per minute with the key and its session tokens, or none')
    .action(apiAction(surroundings, update))
  command('rotate <integration>', 'replace the API key; the old one ends now').action(
    apiAction(surroundings, rotate),
  )
  command('deactivate <integration>', 'refuse the API key').action(
    apiAction(surroundings, (call: ApiCall<ProjectOptions>, wanted: string) =>
      activate(call, wanted, false),
    ),
  )
  command('activate <integration>', 'accept the API key again').action(
    apiAction(surroundings, (call: ApiCall<ProjectOptions>, wanted: string) =>
      activate(call, wanted, true),
    ),
  )
  command('delete <integration>', 'delete an integration; its API key ends now').action(
    apiAction(surroundings, remove),
  )
}

async function create(call: ApiCall<CreateOptions>, name: string): Promise<void> {
  const { api, options, surroundings, print } = call
  const { project, permission, expiresIn, limit } = options
  const expiry = expiresIn === undefined ? undefined : futureMoment(expiresIn, surroundings.nowMs())
  const answer = await api.post(path, {
    name,
    project_id: (await findProject(api, project)).id ?? null,
    ...given({
      permissions: permission && [...permission],
      expires_at: expiry,
      calls_per_minute: limitOf(limit),
    }),
  })
  print(answer, () => keyText(answer))
}

const limitOf = (text: string | undefined) => (text === undefined ? text : callsPerMinute(text))

async function list(call: ApiCall<PageOptions & ProjectOptions>): Promise<void> {
  const { api, options, printPage } = call
  const { limit, cursor } = options
  const project = idOf(await findProject(api, options.project))
  const page = await api.page(path, { project_id: project, limit, cursor })
  printPage(page, [
    column('id', 'id'),
    column('name', 'name', true),
    column('kind', 'kind'),
    { title: 'state', text: (item) => (item.is_active === false ? 'inactive' : 'active') },
    column('created', 'created_at'),
  ])
}

async function show(call: ApiCall<ProjectOptions>, wanted: string): Promise<void> {
  call.print(await call.api.get(await pathOf(call, wanted)))
}

async function update(call: ApiCall<UpdateOptions>, wanted: string): Promise<void> {
  const { name, limit } = call.options
  const change = given({ name, calls_per_minute: limitOf(limit) })
  call.print(await call.api.patch(await pathOf(call, wanted), change))
}

async function rotate(call: ApiCall<ProjectOptions>, wanted: string): Promise<void> {
  const answer = await call.api.post(`${await pathOf(call, wanted)}/rotate`)
  call.print(answer, () => keyText(answer))
}

function keyText({ integration, api_key: key }: JsonObject): string {
  const { name, id } = isJsonObject(integration) ? integration : {}
  const details = textDetails([
    ['Integration', `${cell(name)} (id ${cell(id)})`],
    ['API key', cell(key)],
  ])
  return `${details}\nThe API key is shown this once.\n`
}

async function activate(
  call: ApiCall<ProjectOptions>,
  wanted: string,
  isActive: boolean,
): Promise<void> {
  call.print(await call.api.patch(await pathOf(call, wanted), { is_active: isActive }))
}

async function remove(call: ApiCall<ProjectOptions>, wanted: string): Promise<void> {
  await call.api.delete(await pathOf(call, wanted))
  call.print({ deleted: wanted }, () => `Deleted ${wanted}.\n`)
}

async function pathOf({ api, options }: ApiCall<ProjectOptions>, wanted: string): Promise<string> {
  const projectId = idOf(await findProject(api, options.project))
  return `${path}/${idOf(await findIntegration(api, projectId, wanted))}`
}
