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
import { findMember, findProject, idOf } from '../find_object.ts'
import { type LimitOptions, limitOptions, limitsOf } from '../limit_flags.ts'
import { pastMoment } from '../moment.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { textDetails, textTable } from '../text_table.ts'

const path = '/api/v1/members'

interface ProjectOptions extends ApiOptions {
  readonly project?: string
}

interface ListOptions extends ProjectOptions, PageOptions {
  readonly externalId?: string
  readonly blocked?: boolean
}

interface UsageOptions extends ProjectOptions {
  readonly since?: string
  readonly until?: string
}

/** `gatehouse member …`: the end users that calls are made for. */
export function addMemberCommands(program: Command, surroundings: Surroundings): void {
  const member = program.command('member').description('manage the users that calls are made for')
  const command = (usage: string, description: string) =>
    apiCommand(member, usage, description).option(
      '--project <project>',
      'their project, by id or slug',
    )
  pageOptions(command('list', 'list the members a project has seen'))
    .option('--external-id <id>', 'the one with this external id only')
    .option('--blocked', 'blocked ones only')
    .action(apiAction(surroundings, list))
  command('show <member>', 'show a member, by external id or id').action(
    apiAction(surroundings, show),
  )
  command('usage <member>', 'show what a member called, by tool')
    .option('--since <time>', 'from then on: 15m, 24h, 7d or a date')
    .option('--until <time>', 'before then')
    .action(apiAction(surroundings, usage))
  command('block <member>', 'refuse a member; their session tokens end now').action(
    apiAction(surroundings, (call: ApiCall<ProjectOptions>, wanted: string) =>
      change(call, wanted, { is_blocked: true }),
    ),
  )
  command('unblock <member>', 'let a blocked member in again').action(
    apiAction(surroundings, (call: ApiCall<ProjectOptions>, wanted: string) =>
      change(call, wanted, { is_blocked: false }),
    ),
  )
  limitOptions(command('update <member>', 'set how many calls a member may make')).action(
    apiAction(surroundings, (call: ApiCall<ProjectOptions & LimitOptions>, wanted: string) =>
      change(call, wanted, limitsOf(call.options)),
    ),
  )
  command('limit <member> <calls>', 'calls per minute; none: as the project says').action(
    apiAction(surroundings, (call: ApiCall<ProjectOptions>, wanted: string, calls: string) =>
      change(call, wanted, { calls_per_minute: callsPerMinute(calls) }),
    ),
  )
}

async function list({ api, options, printPage }: ApiCall<ListOptions>): Promise<void> {
  const { project, externalId, blocked, limit, cursor } = options
  const page = await api.page(path, {
    project_id: idOf(await findProject(api, project)),
    external_id: externalId,
    is_blocked: blocked === true ? 'true' : undefined,
    limit,
    cursor,
  })
  printPage(page, [
    column('id', 'id'),
    column('external id', 'external_id', true),
    { title: 'state', text: (item) => (item.is_blocked === true ? 'blocked' : 'active') },
    ...countColumns,
  ])
}

const countColumns = [
  column('calls', 'calls'),
  column('errors', 'errors'),
  column('last call', 'last_call_at'),
]

async function show(call: ApiCall<ProjectOptions>, wanted: string): Promise<void> {
  call.print(await found(call, wanted))
}

async function usage(call: ApiCall<UsageOptions>, wanted: string): Promise<void> {
  const { api, options, surroundings, print } = call
  const momentOf = (text: string | undefined) => text && pastMoment(text, surroundings.nowMs())
  const span = { since: momentOf(options.since), until: momentOf(options.until) }
  const answer = await api.get(`${path}/${idOf(await found(call, wanted))}/usage`, span)
  print(answer, () => usageText(answer, surroundings.columns))
}

function usageText(answer: JsonObject, width: number): string {
  const { external_id: id, calls, errors, since, until } = answer
  const tools = Array.isArray(answer.tools) ? answer.tools.filter(isJsonObject) : []
  const details = textDetails([
    ['Member', cell(id)],
    ['Since', since === null ? 'the beginning' : cell(since)],
    ['Until', until === null ? 'now' : cell(until)],
    ['Calls', cell(calls)],
    ['Errors', cell(errors)],
  ])
  const columns = [column('tool', 'name', true), ...countColumns]
  return tools.length === 0 ? details : `${details}\n${textTable(columns, tools, width)}`
}

async function change(
  call: ApiCall<ProjectOptions>,
  wanted: string,
  fields: JsonObject,
): Promise<void> {
  call.print(await call.api.patch(`${path}/${idOf(await found(call, wanted))}`, fields))
}

async function found({ api, options }: ApiCall<ProjectOptions>, wanted: string) {
  return findMember(api, idOf(await findProject(api, options.project)), wanted)
}
