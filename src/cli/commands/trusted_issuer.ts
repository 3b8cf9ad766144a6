import type { Command } from 'commander'
import { AppError } from '../../errors.ts'
import { type JsonValue, parseJson } from '../../lib/json.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  type PageOptions,
  pageOptions,
  projectCommand,
} from '../api_command.ts'
import { CliFailure, exitCodes, misuse } from '../failure.ts'
import { findProject, idOf } from '../find_object.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { readText } from '../text_input.ts'

const path = '/api/v1/trusted-issuers'

interface ProjectOptions extends ApiOptions {
  readonly project?: string
}

/** `gatehouse trusted-issuer …`: identity providers whose assertions are exchanged for tokens. */
export function addTrustedIssuerCommands(program: Command, surroundings: Surroundings): void {
  const noun = program
    .command('trusted-issuer')
    .description('manage identity providers whose assertions (ID-JAG) a project takes')
  const command = (usage: string, description: string) => projectCommand(noun, usage, description)
  command('put <issuer>', 'trust an identity provider, or give it other keys')
    .requiredOption('--jwks-file <file>', 'its JWK Set, a JSON file; - for standard input')
    .action(apiAction(surroundings, put))
  pageOptions(command('list', 'list trusted identity providers')).action(
    apiAction(surroundings, list),
  )
  command('delete <issuer>', 'trust an identity provider no more').action(
    apiAction(surroundings, remove),
  )
}

async function put(
  call: ApiCall<ProjectOptions & { readonly jwksFile: string }>,
  issuer: string,
): Promise<void> {
  const { api, options, surroundings, print } = call
  const source = options.jwksFile === '-' ? '-' : `@${options.jwksFile}`
  const jwks = jsonOf(await readText('--jwks-file', source, surroundings))
  const projectId = (await findProject(api, options.project)).id ?? null
  const answer = await api.post(path, { project_id: projectId, issuer, jwks })
  print(answer, () => `Trusting ${cell(answer.issuer)} (id ${idOf(answer)}).\n`)
}

function jsonOf(text: string): JsonValue {
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw misuse('--jwks-file is not JSON', error.reason)
  }
}

async function list(call: ApiCall<ProjectOptions & PageOptions>): Promise<void> {
  const { api, options, printPage } = call
  const { limit, cursor } = options
  const project = idOf(await findProject(api, options.project))
  printPage(await api.page(path, { project_id: project, limit, cursor }), [
    column('id', 'id'),
    column('issuer', 'issuer', true),
    { title: 'kids', text: (item) => (Array.isArray(item.kids) ? item.kids.join(', ') : '') },
    column('created', 'created_at'),
  ])
}

async function remove({ api, options, print }: ApiCall<ProjectOptions>, wanted: string) {
  const project = idOf(await findProject(api, options.project))
  const items = await Array.fromAsync(api.items(path, { project_id: project }))
  const found = items.find((item) => item.issuer === wanted || cell(item.id) === wanted)
  if (found === undefined) {
    throw new CliFailure(exitCodes.failed, `${wanted} is not trusted by this project`)
  }
  await api.delete(`${path}/${idOf(found)}`)
  print({ deleted: found.issuer ?? null }, () => `Deleted ${cell(found.issuer)}.\n`)
}
