import type { Command } from 'commander'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { ApiClient } from '../api_client.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  apiCommand,
  type PageOptions,
  pageOptions,
} from '../api_command.ts'
import { misuse } from '../failure.ts'
import { findProject, findUser, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'

const path = '/api/v1/connections'

interface OfOptions extends ApiOptions {
  readonly project?: string
  readonly user?: string
  readonly client?: string
}

interface ListOptions extends OfOptions, PageOptions {
  readonly live?: boolean
}

interface RevokeOptions extends OfOptions {
  readonly all?: boolean
}

/** `gatehouse connection …`: the AI clients that people connected. */
export function addConnectionCommands(program: Command, surroundings: Surroundings): void {
  const noun = program.command('connection').description('manage the AI clients people connected')
  const ofOptions = (command: Command) =>
    command
      .option('--project <project>', 'their project, by id or slug')
      .option('--user <person>', 'those of this person only, by email or id')
      .option('--client <id>', 'those of this OAuth client id only')
  ofOptions(pageOptions(apiCommand(noun, 'list', 'list the connections of a project')))
    .option('--live', 'without those that were revoked or have expired')
    .action(apiAction(surroundings, list))
  apiCommand(noun, 'show <id>', 'show a connection').action(apiAction(surroundings, show))
  ofOptions(apiCommand(noun, 'revoke [id]', 'end a connection, or all that the options name'))
    .option('--all', 'all of the project')
    .action(apiAction(surroundings, revoke))
}

async function list({ api, options, printPage }: ApiCall<ListOptions>): Promise<void> {
  const { project, user, client, live, limit, cursor } = options
  const page = await api.page(path, {
    project_id: idOf(await findProject(api, project)),
    user_id: user === undefined ? undefined : await userIdOf(api, user),
    client_id: client,
    live: live === true ? 'true' : undefined,
    limit,
    cursor,
  })
  printPage(page, [
    column('id', 'id'),
    { title: 'client', text: clientText, isFlexible: true },
    { title: 'user', text: ({ user: who }) => (isJsonObject(who) ? cell(who.email) : '-') },
    column('state', 'state'),
    column('last used', 'last_used_at'),
  ])
}

function clientText({ client }: JsonObject): string {
  return isJsonObject(client) ? cell(client.name || client.id) : '-'
}

async function show({ api, print }: ApiCall<ApiOptions>, id: string): Promise<void> {
  print(await api.get(`${path}/${encodeURIComponent(id)}`))
}

async function revoke(call: ApiCall<RevokeOptions>, id: string | undefined): Promise<void> {
  const { api, options, print } = call
  const { project, user, client, all = false } = options
  const isMany = all || user !== undefined || client !== undefined
  if ((id !== undefined) === isMany) {
    throw misuse('Which connections?', 'Give an id, or --user, --client or --all.')
  }
  if (id !== undefined) {
    await api.delete(`${path}/${encodeURIComponent(id)}`)
    return print({ revoked: id }, () => `Revoked ${cell(id)}.\n`)
  }
  const userId = user === undefined ? undefined : Number(await userIdOf(api, user))
  const answer = await api.post(`${path}/revoke`, {
    project_id: (await findProject(api, project)).id ?? null,
    ...given({ user_id: userId, client_id: client }),
  })
  print(answer, () => `Revoked ${cell(answer.revoked)}.\n`)
}

/** An id is taken as it is: one who left the project has connections there still. */
async function userIdOf(api: ApiClient, user: string): Promise<string> {
  if (/^[1-9]\d{0,14}$/.test(user)) return user
  if (!user.includes('@')) throw misuse('--user takes an email address or an id')
  return idOf(await findUser(api, user))
}
