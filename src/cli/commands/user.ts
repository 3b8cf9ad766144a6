import type { Command } from 'commander'
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  apiCommand,
  type PageOptions,
  pageOptions,
} from '../api_command.ts'
import { findProject, findUser, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { readPassword } from '../text_input.ts'
import { textDetails } from '../text_table.ts'

const path = '/api/v1/users'

interface ProjectOptions extends ApiOptions {
  readonly project?: string
}

interface CreateOptions extends ProjectOptions {
  readonly name?: string
  readonly role?: string
  readonly passwordStdin?: boolean
}

/** `gatehouse user …`: the people who sign in. */
export function addUserCommands(program: Command, surroundings: Surroundings): void {
  const user = program.command('user').description('manage the people who sign in')
  const command = (usage: string, description: string) => apiCommand(user, usage, description)
  addRoleCommands(command, surroundings)
  pageOptions(command('list', 'list people'))
    .option('--project <project>', 'with a role in this project, by id or slug')
    .action(apiAction(surroundings, list))
  command('show <user>', 'show a person, by email or id').action(apiAction(surroundings, show))
  command('disable <user>', 'shut an account; its sessions end now').action(
    apiAction(surroundings, (call: ApiCall<ApiOptions>, wanted: string) =>
      change(call, wanted, { is_disabled: true }),
    ),
  )
  command('enable <user>', 'open an account again').action(
    apiAction(surroundings, (call: ApiCall<ApiOptions>, wanted: string) =>
      change(call, wanted, { is_disabled: false }),
    ),
  )
  command('reset-password <user>', 'make a link by which a person sets a new password').action(
    apiAction(surroundings, resetPassword),
  )
  command(
    'reset-second-factor <user>',
    'ask a person for no second factor any more; passkeys go too',
  ).action(apiAction(surroundings, resetSecondFactor))
}

function addRoleCommands(
  command: (usage: string, description: string) => Command,
  surroundings: Surroundings,
): void {
  command('create <email>', 'make an account and a link to invite its person')
    .option('--name <name>', 'what to call the person (default: the email address)')
    .option('--role <role>', 'owner, admin, developer, viewer or member (default: member)')
    .option('--project <project>', 'where, by id or slug (default: everywhere)')
    .option('--password-stdin', 'read a password from standard input; no link is made')
    .action(apiAction(surroundings, create))
  command('set-role <user> <role>', 'give a person a role; their sessions end now')
    .option('--project <project>', 'where, by id or slug (default: everywhere)')
    .action(apiAction(surroundings, setRole))
  command('remove-role <user>', 'take a role away; their sessions end now')
    .option('--project <project>', 'where, by id or slug (default: everywhere)')
    .action(apiAction(surroundings, removeRole))
}

async function create(call: ApiCall<CreateOptions>, email: string): Promise<void> {
  const { api, options, surroundings, print } = call
  const { name, role, passwordStdin } = options
  const password = passwordStdin === true ? await readPassword(surroundings) : undefined
  const project_id = await projectIdOf(call)
  const answer = await api.post(path, { email, ...given({ name, role, project_id, password }) })
  print(answer, () => {
    const { user, invitation } = answer
    const details = isJsonObject(user) ? personText(user) : ''
    return isJsonObject(invitation) ? `${details}\n${linkText(invitation)}` : details
  })
}

async function list(call: ApiCall<PageOptions & ProjectOptions>): Promise<void> {
  const { api, options, printPage } = call
  const { limit, cursor } = options
  const projectId = await projectIdOf(call)
  const project_id = projectId === undefined ? undefined : cell(projectId)
  printPage(await api.page(path, { project_id, limit, cursor }), [
    column('id', 'id'),
    column('email', 'email'),
    column('name', 'name', true),
    { title: 'state', text: (item) => (item.is_disabled === true ? 'disabled' : 'active') },
    { title: 'roles', text: (item) => rolesText(item.roles) },
    column('last sign-in', 'last_login_at'),
  ])
}

async function show({ api, print }: ApiCall<ApiOptions>, wanted: string): Promise<void> {
  const user = await findUser(api, wanted)
  print(user, () => personText(user))
}

async function change(
  { api, print }: ApiCall<ApiOptions>,
  wanted: string,
  fields: JsonObject,
): Promise<void> {
  const user = await api.patch(`${path}/${idOf(await findUser(api, wanted))}`, fields)
  print(user, () => personText(user))
}

async function setRole(call: ApiCall<ProjectOptions>, wanted: string, role: string): Promise<void> {
  const { api, print } = call
  const project_id = await projectIdOf(call)
  const body = { role, ...given({ project_id }) }
  const user = await api.post(`${path}/${idOf(await findUser(api, wanted))}/roles`, body)
  print(user, () => personText(user))
}

async function removeRole(call: ApiCall<ProjectOptions>, wanted: string): Promise<void> {
  const { api, print } = call
  const user = await findUser(api, wanted)
  const projectId = await projectIdOf(call)
  const query = projectId === undefined ? '' : `?project_id=${cell(projectId)}`
  await api.delete(`${path}/${idOf(user)}/roles${query}`)
  print({ removed: idOf(user) }, () => `Took a role of ${cell(user.email)} away.\n`)
}

async function resetPassword({ api, print }: ApiCall<ApiOptions>, wanted: string): Promise<void> {
  const user = await findUser(api, wanted)
  const link = await api.post(`${path}/${idOf(user)}/reset-password`, {})
  print(link, () => linkText(link))
}

async function resetSecondFactor(
  { api, print }: ApiCall<ApiOptions>,
  wanted: string,
): Promise<void> {
  const user = await findUser(api, wanted)
  await api.delete(`${path}/${idOf(user)}/second-factor`)
  const text = () => `${cell(user.email)} signs in without a second factor now.\n`
  print({ reset: idOf(user) }, text)
}

async function projectIdOf({
  api,
  options,
}: ApiCall<ProjectOptions>): Promise<JsonValue | undefined> {
  const { project } = options
  return project === undefined ? undefined : (await findProject(api, project)).id
}

const rolesText = (roles: JsonValue | undefined) =>
  Array.isArray(roles)
    ? roles
        .filter(isJsonObject)
        .map(({ role, project_id: id }) => `${cell(role)}${id === null ? '' : `@${cell(id)}`}`)
        .join(', ') || '-'
    : '-'

const personText = (user: JsonObject) =>
  textDetails([
    ['ID', cell(user.id)],
    ['Email', cell(user.email)],
    ['Name', cell(user.name)],
    ['State', user.is_disabled === true ? 'disabled' : 'active'],
    ['Roles', rolesText(user.roles)],
    ['Password', user.has_password === true ? 'set' : 'not set yet'],
    ['Second factor', cell(user.has_second_factor)],
    ['Passkeys', namesText(user.passkeys, 'name')],
    ['Signs in by', namesText(user.identities, 'issuer')],
    ['Created', cell(user.created_at)],
    ['Last sign-in', cell(user.last_login_at)],
  ])

const namesText = (items: JsonValue | undefined, name: string) =>
  (Array.isArray(items) ? items : [])
    .map((item) => cell(isJsonObject(item) ? item[name] : undefined))
    .join(', ') || 'none'

const linkText = (link: JsonObject) =>
  `${textDetails([
    ['Link', cell(link.url)],
    ['Good until', cell(link.expires_at)],
  ])}\nPass it on. It is shown this once and works once.\n`
