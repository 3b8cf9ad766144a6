import { type Command, Option } from 'commander'
import type { JsonObject } from '../../lib/json.ts'
import { authStrategies, httpMethods } from '../../model/tool.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  apiCommand,
  apiCommandWithUrl,
  type PageOptions,
  pageOptions,
} from '../api_command.ts'
import { misuse } from '../failure.ts'
import { findProject, findTool, idOf } from '../find_object.ts'
import { type LimitOptions, limitOptions, limitsOf } from '../limit_flags.ts'
import { cell, column, detailsText } from '../print.ts'
import { collect } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { readSecret, readText } from '../text_input.ts'
import { checkVariables, definitionOf, readJsonObject, type ToolFlags } from '../tool_definition.ts'
import { addToolCallCommand } from './tool_call.ts'

const path = '/api/v1/custom-tools'

interface ToolOptions extends ApiOptions {
  readonly project?: string
}

interface EditOptions extends ToolOptions, ToolFlags {
  readonly file?: string
  readonly disabled?: boolean
  readonly tag?: readonly string[]
  readonly secretFile?: string
  readonly secretStdin?: boolean
}

/** `gatehouse tool …`: the HTTP operations that models may call. */
export function addToolCommands(program: Command, surroundings: Surroundings): void {
  const tool = program.command('tool').description('manage and call tools')
  const inProject = (command: Command) =>
    command.option('--project <project>', 'its project, by id or slug')
  const command = (usage: string, description: string) =>
    inProject(apiCommand(tool, usage, description))

  definitionOptions(inProject(apiCommandWithUrl(tool, 'add', 'register a tool')))
    .option('--disabled', 'leave it switched off')
    .action(apiAction(surroundings, add))
  pageOptions(command('list', 'list tools')).action(apiAction(surroundings, list))
  command('show <tool>', 'show a tool').action(apiAction(surroundings, show))
  const updating = inProject(apiCommandWithUrl(tool, 'update <tool>', 'change a tool'))
  limitOptions(definitionOptions(updating)).action(apiAction(surroundings, update))
  const change = (usage: string, description: string, wish: Switch) =>
    command(usage, description).action(
      apiAction(surroundings, (call: ApiCall<ToolOptions>, wanted: string) =>
        flip(call, wanted, wish),
      ),
    )
  change('enable <tool>', 'let models see and call it', { is_enabled: true })
  change('disable <tool>', 'hide it from models', { is_enabled: false })
  change('pin <tool>', 'list it even where search stands for the list', { is_pinned: true })
  change('unpin <tool>', 'leave it to search', { is_pinned: false })
  command('delete <tool>', 'delete a tool; its runs stay').action(apiAction(surroundings, remove))
  pageOptions(command('versions <tool>', 'list what a tool has been')).action(
    apiAction(surroundings, versions),
  )
  command('rollback <tool> <version>', 'make an earlier version current again').action(
    apiAction(surroundings, rollback),
  )
  addToolCallCommand(command('call <tool>', 'call a tool as a test'), surroundings)
}

function definitionOptions(command: Command): Command {
  return command
    .option('--file <file>', 'definition as JSON, - for standard input; flags win over it')
    .option('--name <name>', 'what models call it')
    .option('--description <text>', 'what models read about it')
    .addOption(methodOption())
    .option('--url <url>', 'upstream URL: https://host/path/{variable}?name={variable}')
    .option('--param <spec>', 'name:type[:required][:description] (repeatable)', collect)
    .option('--header <header>', '"Name: value", may hold {variable} (repeatable)', collect)
    .option('--body <json>', 'body template: JSON, @file or -')
    .addOption(
      new Option('--auth <strategy>', 'how upstream is told who calls').choices(authStrategies),
    )
    .option('--auth-header <name>', 'the header that static_header fills')
    .option('--secret-file <file>', 'file with the secret of --auth')
    .option('--secret-stdin', 'read that secret from standard input')
    .option('--require-member', 'refuse calls without an end user')
    .option('--scope <scope>', 'a scope the caller must hold (repeatable)', collect)
    .option('--tag <tag>', 'a word to find it by (repeatable)', collect)
    .option('--timeout-ms <ms>', 'how long upstream may take (default: 30000)')
}

/** Upper and lower case alike. */
function methodOption(): Option {
  const option = new Option('--method <method>', 'HTTP method').choices(httpMethods)
  const check = option.parseArg ?? ((method) => method)
  return option.argParser((method: string, earlier: string) => check(method.toUpperCase(), earlier))
}

async function editOf({ options, surroundings }: ApiCall<EditOptions>): Promise<JsonObject> {
  const { file } = options
  const source = file === undefined || file === '-' ? file : `@${file}`
  const base =
    source === undefined
      ? {}
      : readJsonObject('--file', await readText('--file', source, surroundings))
  const read = (flag: string, value: string) => readText(flag, value, surroundings)
  const secret = await readSecret(options, surroundings)
  return {
    ...base,
    ...(await definitionOf(options, read)),
    ...(secret !== null && { encrypted_auth_secret: secret }),
    ...(options.disabled === true && { is_enabled: false }),
    ...(options.tag !== undefined && { tags: [...options.tag] }),
  }
}

async function add(call: ApiCall<EditOptions>): Promise<void> {
  const { api, options, print } = call
  const definition = await editOf(call)
  if (options.file === undefined && (options.name === undefined || options.url === undefined)) {
    throw misuse('What tool?', 'Give --name and --url, or --file.')
  }
  if (options.url !== undefined) checkVariables(definition)
  const { id = null } = await findProject(api, options.project)
  const schema = { type: 'object', properties: {}, additionalProperties: false }
  const answer = await api.post(path, {
    http_method: 'GET',
    input_schema: schema,
    ...definition,
    project_id: id,
  })
  print(answer, () => `Added ${cell(answer.name)} (id ${idOf(answer)}).\n`)
}

async function update(call: ApiCall<EditOptions & LimitOptions>, wanted: string): Promise<void> {
  const { api, options, print } = call
  const changes = { ...(await editOf(call)), ...limitsOf(options) }
  if (Object.keys(changes).length === 0) throw misuse('Nothing to change', 'Give a flag or --file.')
  if (options.url !== undefined && options.param !== undefined) checkVariables(changes)
  const answer = await api.patch(await pathOf(call, wanted), changes)
  print(answer, () => `${cell(answer.name)} is at version ${cell(answer.version)}.\n`)
}

async function list(call: ApiCall<PageOptions & ToolOptions>): Promise<void> {
  const { api, options, printPage } = call
  const { limit, cursor } = options
  const project = idOf(await findProject(api, options.project))
  printPage(await api.page(path, { project_id: project, limit, cursor }), [
    column('id', 'id'),
    column('name', 'name', true),
    column('method', 'http_method'),
    { title: 'url', text: (tool) => `${tool.base_url}${tool.endpoint_path}`, isFlexible: true },
    { title: 'tokens', text: (tool) => cell(tool.tokens) },
    { title: 'state', text: listedState },
  ])
}

const listedState = ({ is_enabled, is_pinned }: JsonObject) => {
  if (is_enabled === false) return 'off'
  return is_pinned === true ? 'pinned' : 'on'
}

async function show(call: ApiCall<ToolOptions>, wanted: string): Promise<void> {
  const answer = await call.api.get(await pathOf(call, wanted))
  call.print(answer, () => detailsText(answer))
}

/** What of a tool is switched. */
type Switch = { readonly is_enabled: boolean } | { readonly is_pinned: boolean }

async function flip(call: ApiCall<ToolOptions>, wanted: string, wish: Switch): Promise<void> {
  const answer = await call.api.patch(await pathOf(call, wanted), wish)
  call.print(answer, () => `${cell(answer.name)} is ${stateText(wish)}.\n`)
}

function stateText(wish: Switch): string {
  if ('is_enabled' in wish) return wish.is_enabled ? 'on' : 'off'
  return wish.is_pinned ? 'pinned' : 'not pinned'
}

async function remove(call: ApiCall<ToolOptions>, wanted: string): Promise<void> {
  await call.api.delete(await pathOf(call, wanted))
  call.print({ deleted: wanted }, () => `Deleted ${wanted}.\n`)
}

async function versions(call: ApiCall<PageOptions & ToolOptions>, wanted: string): Promise<void> {
  const { api, options, printPage } = call
  const { limit, cursor } = options
  printPage(await api.page(`${await pathOf(call, wanted)}/versions`, { limit, cursor }), [
    column('version', 'version'),
    column('created', 'created_at'),
    column('by', 'created_by', true),
    { title: 'content', text: (version) => cell(version.content_hash).slice(0, 12) },
  ])
}

async function rollback(
  call: ApiCall<ToolOptions>,
  wanted: string,
  version: string,
): Promise<void> {
  if (!/^\d{1,9}$/.test(version)) throw misuse(`"${version}" is not a version number`)
  const target = `${await pathOf(call, wanted)}/rollback`
  const answer = await call.api.post(target, { version: Number(version) })
  call.print(answer, () => `${cell(answer.name)} is at version ${cell(answer.version)}.\n`)
}

async function pathOf({ api, options }: ApiCall<ToolOptions>, wanted: string): Promise<string> {
  const projectId = idOf(await findProject(api, options.project))
  return `${path}/${idOf(await findTool(api, projectId, wanted))}`
}
