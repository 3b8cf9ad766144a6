import type { Command } from 'commander'
import { isJsonObject, type JsonObject, parseJson } from '../../lib/json.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  apiCommand,
  type PageOptions,
  pageOptions,
} from '../api_command.ts'
import { misuse } from '../failure.ts'
import { findOauthClient, findProject, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { readText } from '../text_input.ts'

const path = '/api/v1/oauth-clients'

interface ListOptions extends ApiOptions, PageOptions {
  readonly project?: string
}

interface PinOptions extends ApiOptions {
  readonly document?: string
}

/** `gatehouse oauth-client …`: the AI clients that people connect with. */
export function addOauthClientCommands(program: Command, surroundings: Surroundings): void {
  const client = program.command('oauth-client').description('manage OAuth clients')
  const command = (usage: string, description: string) => apiCommand(client, usage, description)
  pageOptions(command('list', 'list OAuth clients'))
    .option('--project <project>', 'those of one project, by id or slug (default: all)')
    .action(apiAction(surroundings, list))
  command('show <client>', 'show an OAuth client, by client id or id').action(
    apiAction(surroundings, show),
  )
  command('delete <client>', 'delete an OAuth client; its connections end now').action(
    apiAction(surroundings, remove),
  )
  command('pin <url>', 'put a client metadata document in place; it is never fetched again')
    .option('--document <json>', 'the document; @file reads a file (default: fetch it this once)')
    .action(apiAction(surroundings, pin))
}

async function list(call: ApiCall<ListOptions>): Promise<void> {
  const { api, options, printPage } = call
  const { limit, cursor, project } = options
  const id = project === undefined ? undefined : idOf(await findProject(api, project))
  printPage(await api.page(path, { project_id: id, limit, cursor }), [
    column('id', 'id'),
    column('name', 'name', true),
    column('kind', 'kind'),
    column('client id', 'client_id', true),
    column('last used', 'last_used_at'),
  ])
}

async function show({ api, print }: ApiCall<ApiOptions>, wanted: string): Promise<void> {
  print(await findOauthClient(api, wanted))
}

async function remove({ api, print }: ApiCall<ApiOptions>, wanted: string): Promise<void> {
  const client = await findOauthClient(api, wanted)
  await api.delete(`${path}/${idOf(client)}`)
  const clientId = client.client_id ?? null
  print({ deleted: clientId }, () => `Deleted ${cell(clientId)}.\n`)
}

async function pin(call: ApiCall<PinOptions>, url: string): Promise<void> {
  const document = await readDocument(call)
  const answer = await call.api.post(path, { client_id: url, ...given({ document }) })
  call.print(answer, () => `Pinned ${cell(answer.name)} (id ${idOf(answer)}).\n`)
}

async function readDocument(call: ApiCall<PinOptions>): Promise<JsonObject | undefined> {
  const { options, surroundings } = call
  if (options.document === undefined) return undefined
  const json = parseJson(await readText('--document', options.document, surroundings))
  if (isJsonObject(json)) return json
  throw misuse('--document is not a JSON object')
}
