import type { Command } from 'commander'
import { isJsonObject } from '../../lib/json.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  apiCommand,
  type PageOptions,
  pageOptions,
} from '../api_command.ts'
import { findProject } from '../find_object.ts'
import { given } from '../given.ts'
import { futureMoment } from '../moment.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { textDetails } from '../text_table.ts'

const path = '/api/v1/admin-tokens'

interface CreateOptions extends ApiOptions {
  readonly project?: string
  readonly expiresIn?: string
}

/** `gatehouse token …`: credentials for the management API. */
export function addTokenCommands(program: Command, surroundings: Surroundings): void {
  const token = program.command('token').description('manage admin tokens')
  apiCommand(token, 'create <name>', 'make an admin token')
    .option('--project <project>', 'confine it to a project (default: the whole server)')
    .option('--expires-in <span>', 'when it ends: 12h, 90d or a date (default: never)')
    .action(apiAction(surroundings, create))
  pageOptions(apiCommand(token, 'list', 'list admin tokens')).action(apiAction(surroundings, list))
  apiCommand(token, 'revoke <id>', 'end an admin token now').action(apiAction(surroundings, revoke))
}

async function create(call: ApiCall<CreateOptions>, name: string): Promise<void> {
  const { api, options, surroundings, print } = call
  const { project, expiresIn } = options
  const answer = await api.post(path, {
    name,
    ...given({
      project_id: project === undefined ? undefined : (await findProject(api, project)).id,
      expires_at:
        expiresIn === undefined ? undefined : futureMoment(expiresIn, surroundings.nowMs()),
    }),
  })
  print(answer, () => {
    const { admin_token: token } = answer
    const id = isJsonObject(token) ? cell(token.id) : '-'
    const details = textDetails([
      ['Admin token', `${name} (id ${id})`],
      ['Token', cell(answer.token)],
    ])
    return `${details}\nThe token is shown this once.\n`
  })
}

async function list({ api, options, printPage }: ApiCall<PageOptions>): Promise<void> {
  const { limit, cursor } = options
  printPage(await api.page(path, { limit, cursor }), [
    column('id', 'id'),
    column('name', 'name', true),
    column('project', 'project_id'),
    column('ends in', 'last4'),
    column('expires', 'expires_at'),
    column('created', 'created_at'),
  ])
}

async function revoke({ api, print }: ApiCall<ApiOptions>, id: string): Promise<void> {
  await api.delete(`${path}/${encodeURIComponent(id)}`)
  print({ revoked: id }, () => `Revoked admin token ${id}.\n`)
}
