import { type Command, Option } from 'commander'
import { toolModes } from '../../model/tool_mode.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  apiCommand,
  type PageOptions,
  pageOptions,
} from '../api_command.ts'
import { callsPerMinute } from '../calls_per_minute.ts'
import { misuse } from '../failure.ts'
import { findProject, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { type LimitOptions, limitOptions, limitsOf } from '../limit_flags.ts'
import { column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'

const path = '/api/v1/projects'

interface EditOptions extends ApiOptions {
  readonly name?: string
  readonly slug?: string
  readonly description?: string
}

interface UpdateOptions extends EditOptions, LimitOptions {
  readonly memberLimit?: string
  readonly requireJti?: boolean
  readonly toolMode?: string
  readonly toolBudget?: string
}

/** `gatehouse project …`: the units that tools, keys and runs belong to. */
export function addProjectCommands(program: Command, surroundings: Surroundings): void {
  const project = program.command('project').description('manage projects')
  apiCommand(project, 'create <name>', 'make a project')
    .option('--slug <slug>', 'its part of the MCP URL (default: made from the name)')
    .option('--description <text>', 'shown to models as instructions')
    .action(apiAction(surroundings, create))
  pageOptions(apiCommand(project, 'list', 'list projects')).action(apiAction(surroundings, list))
  apiCommand(project, 'show [project]', 'show a project').action(apiAction(surroundings, show))
  limitOptions(apiCommand(project, 'update <project>', 'change a project'))
    .option('--name <name>', 'new name')
    .option('--slug <slug>', "new slug; clients' MCP URLs change with it")
    .option('--description <text>', 'new description')
    .option('--member-limit <n>', 'calls per minute of each member, or none')
    .option('--require-jti', 'refuse member assertions without a jti')
    .option('--no-require-jti', 'take them')
    .addOption(
      new Option('--tool-mode <mode>', 'list tools, serve search instead, or as fits').choices(
        toolModes,
      ),
    )
    .option('--tool-budget <tokens>', 'what a list may cost in mode auto')
    .action(apiAction(surroundings, update))
  const flip = (usage: string, description: string, isSuspended: boolean) =>
    apiCommand(project, usage, description).action(
      apiAction(surroundings, (call: ApiCall<ApiOptions>, wanted: string) =>
        suspend(call, wanted, isSuspended),
      ),
    )
  flip('pause <project>', 'refuse every call of a project', true)
  flip('suspend <project>', 'the same as pause', true)
  flip('resume <project>', 'allow the calls of a paused project again', false)
}

async function create(call: ApiCall<EditOptions>, name: string): Promise<void> {
  const { slug, description } = call.options
  call.print(await call.api.post(path, { name, ...given({ slug, description }) }))
}

async function list({ api, options, printPage }: ApiCall<PageOptions>): Promise<void> {
  const { limit, cursor } = options
  printPage(await api.page(path, { limit, cursor }), [
    column('id', 'id'),
    column('slug', 'slug', true),
    column('name', 'name', true),
    { title: 'state', text: (item) => (item.is_suspended === true ? 'suspended' : 'active') },
    column('created', 'created_at'),
  ])
}

async function show(
  { api, print }: ApiCall<ApiOptions>,
  wanted: string | undefined,
): Promise<void> {
  print(await api.get(`${path}/${idOf(await findProject(api, wanted))}`))
}

async function update(call: ApiCall<UpdateOptions>, wanted: string): Promise<void> {
  const { api, options, print } = call
  const { name, slug, description, memberLimit, requireJti, toolMode, toolBudget } = options
  const change = given({
    ...{ name, slug, description },
    member_calls_per_minute: memberLimit === undefined ? undefined : callsPerMinute(memberLimit),
    require_assertion_jti: requireJti,
    tool_mode: toolMode,
    tool_budget_tokens: toolBudget === undefined ? undefined : tokensOf(toolBudget),
    ...limitsOf(options),
  })
  const id = idOf(await findProject(api, wanted))
  print(await api.patch(`${path}/${id}`, change))
}

function tokensOf(text: string): number {
  if (!/^\d{1,8}$/.test(text)) throw misuse(`"${text}" is not a number of tokens`)
  return Number(text)
}

async function suspend(
  { api, print }: ApiCall<ApiOptions>,
  wanted: string,
  isSuspended: boolean,
): Promise<void> {
  const id = idOf(await findProject(api, wanted))
  print(await api.patch(`${path}/${id}`, { is_suspended: isSuspended }))
}
