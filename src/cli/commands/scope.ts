import type { Command } from 'commander'
import { isJsonObject } from '../../lib/json.ts'
import { type ApiCall, type ApiOptions, apiAction, projectCommand } from '../api_command.ts'
import { findProject, idOf } from '../find_object.ts'
import { cell, column, pageText } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'

interface ProjectOptions extends ApiOptions {
  readonly project?: string
}

interface AddOptions extends ProjectOptions {
  readonly description?: string
}

/** `gatehouse scope …`: the permissions that tools of a project require. */
export function addScopeCommands(program: Command, surroundings: Surroundings): void {
  const scope = program.command('scope').description('manage the permissions that tools require')
  const command = (usage: string, description: string) => projectCommand(scope, usage, description)
  command('list', "list a project's scopes").action(apiAction(surroundings, list))
  command('add <name>', 'add a scope, or describe one: CONTACTS_READ')
    .option('--description <text>', 'shown to people who approve a connection')
    .action(apiAction(surroundings, add))
  command('remove <name>', 'remove a scope that no tool requires').action(
    apiAction(surroundings, remove),
  )
}

async function list(call: ApiCall<ProjectOptions>): Promise<void> {
  const answer = await call.api.get(await pathOf(call))
  const items = Array.isArray(answer.items) ? answer.items.filter(isJsonObject) : []
  const columns = [column('name', 'name'), column('description', 'description', true)]
  call.print(answer, () => pageText({ items, next_cursor: null }, columns, call.surroundings))
}

async function add(call: ApiCall<AddOptions>, name: string): Promise<void> {
  const { description = '' } = call.options
  call.print(await call.api.post(await pathOf(call), { name, description }))
}

async function remove(call: ApiCall<ProjectOptions>, name: string): Promise<void> {
  await call.api.delete(`${await pathOf(call)}/${encodeURIComponent(name)}`)
  call.print({ removed: name }, () => `Removed ${cell(name)}.\n`)
}

async function pathOf({ api, options }: ApiCall<ProjectOptions>): Promise<string> {
  return `/api/v1/projects/${idOf(await findProject(api, options.project))}/scopes`
}
