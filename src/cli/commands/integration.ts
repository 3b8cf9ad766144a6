import type { Command } from 'commander'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  type PageOptions,
  pageOptions,
  projectCommand,
} from '../api_command.ts'
import { callsPerMinute } from '../calls_per_minute.ts'
import { findIntegration, findProject, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { type LimitOptions, limitOptions, limitsOf } from '../limit_flags.ts'
import { futureMoment, spanSeconds } from '../moment.ts'
import { cell, column } from '../print.ts'
import { collect } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { textDetails } from '../text_table.ts'

const path = '/api/v1/integrations'

interface ProjectOptions extends ApiOptions {
  readonly project?: string
}

interface CreateOptions extends ProjectOptions {
  readonly kind?: string
  readonly redirectUri?: readonly string[]
  readonly permission?: readonly string[]
  readonly expiresIn?: string
  readonly limit?: string
}

interface UpdateOptions extends ProjectOptions, LimitOptions {
  readonly name?: string
  readonly limit?: string
  readonly redirectUri?: readonly string[]
}

interface RotateOptions extends ProjectOptions {
  readonly overlap?: string
}

/** `gatehouse integration …`: the ways in for model runtimes, each with its API key or OAuth client. */
export function addIntegrationCommands(program: Command, surroundings: Surroundings): void {
  const integration = program
    .command('integration')
    .description('manage integrations: API keys and OAuth clients')
  const command = (usage: string, description: string) =>
    projectCommand(integration, usage, description)
  command('create <name>', 'make an integration and its API key, or OAuth client')
    .option('--kind <kind>', 'api_key or oauth_client (default: api_key)')
    .option(
      '--redirect-uri <uri>',
      "where an OAuth client is answered (repeatable; default: Claude's own)",
      collect,
    )
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
  limitOptions(command('update <integration>', 'change an integration'))
    .option('--name <name>', 'new name')
    .option('--limit <n>', 'calls per minute with the key and its session tokens, or none')
    .option('--redirect-uri <uri>', 'where an OAuth client is answered (repeatable)', collect)
    .action(apiAction(surroundings, update))
  command('rotate <integration>', 'replace the API key or client secret; the old one ends now')
    .option('--overlap <span>', 'how long the old client secret counts on (default: 0)')
    .action(apiAction(surroundings, rotate))
  command('deactivate <integration>', 'refuse its credential').action(
    apiAction(surroundings, (call: ApiCall<ProjectOptions>, wanted: string) =>
      activate(call, wanted, false),
    ),
  )
  command('activate <integration>', 'accept its credential again').action(
    apiAction(surroundings, (call: ApiCall<ProjectOptions>, wanted: string) =>
      activate(call, wanted, true),
    ),
  )
  command('delete <integration>', 'delete an integration; its credential ends now').action(
    apiAction(surroundings, remove),
  )
}

async function create(call: ApiCall<CreateOptions>, name: string): Promise<void> {
  const { api, options, surroundings, print } = call
  const { project, permission, expiresIn, limit, kind, redirectUri } = options
  const expiry = expiresIn === undefined ? undefined : futureMoment(expiresIn, surroundings.nowMs())
  const answer = await api.post(path, {
    name,
    project_id: (await findProject(api, project)).id ?? null,
    ...given({
      kind,
      redirect_uris: redirectUri && [...redirectUri],
      permissions: permission && [...permission],
      expires_at: expiry,
      calls_per_minute: limitOf(limit),
    }),
  })
  print(answer, () => credentialText(answer))
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
  const { name, limit, redirectUri } = call.options
  const change = given({
    name,
    calls_per_minute: limitOf(limit),
    redirect_uris: redirectUri && [...redirectUri],
    ...limitsOf(call.options),
  })
  call.print(await call.api.patch(await pathOf(call, wanted), change))
}

async function rotate(call: ApiCall<RotateOptions>, wanted: string): Promise<void> {
  const { overlap } = call.options
  const seconds = overlap === undefined ? undefined : spanSeconds(overlap)
  const body = given({ overlap_seconds: seconds })
  const answer = await call.api.post(`${await pathOf(call, wanted)}/rotate`, body)
  call.print(answer, () => credentialText(answer))
}

/** A client's credentials by the names of the dialogs they are pasted into. */
function credentialText(answer: JsonObject): string {
  const { integration, api_key: key, client_id: clientId } = answer
  const { name, id } = isJsonObject(integration) ? integration : {}
  const title: [string, string] = ['Integration', `${cell(name)} (id ${cell(id)})`]
  if (clientId === undefined) {
    const details = textDetails([title, ['API key', cell(key)]])
    return `${details}\nThe API key is shown this once.\n`
  }
  const details = textDetails([
    title,
    ['Remote MCP server URL', cell(answer.mcp_url)],
    ['OAuth Client ID', cell(clientId)],
    ['OAuth Client Secret', cell(answer.client_secret)],
  ])
  return `${details}\nThe secret is shown this once.\n`
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
