import { type Command, Option } from 'commander'
import type { JsonObject } from '../../lib/json.ts'
import { runStates } from '../../model/run.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  apiCommand,
  type PageOptions,
  pageOptions,
} from '../api_command.ts'
import { findProject, findTool, idOf } from '../find_object.ts'
import { pastMoment } from '../moment.ts'
import { cell, column } from '../print.ts'
import { runText } from '../run_text.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Column } from '../text_table.ts'

const path = '/api/v1/runs'

interface ListOptions extends PageOptions {
  readonly project?: string
  readonly tool?: string
  readonly member?: string
  readonly state?: string
  readonly errorCode?: string
  readonly since?: string
  readonly until?: string
}

/** `gatehouse runs …`: what became of tool calls. */
export function addRunsCommands(program: Command, surroundings: Surroundings): void {
  const runs = program.command('runs').description('look at tool calls')
  pageOptions(apiCommand(runs, 'list', 'list runs, newest first'))
    .option('--project <project>', 'by id or slug')
    .option('--tool <tool>', 'runs of this tool only, by name or id')
    .option('--member <id>', 'runs for the member with this external id only')
    .addOption(new Option('--state <state>', 'runs in this state only').choices(runStates))
    .option('--error-code <code>', 'runs that failed this way only')
    .option('--since <time>', 'from then on: 15m, 24h, 7d or a date')
    .option('--until <time>', 'before then')
    .action(apiAction(surroundings, list))
  apiCommand(runs, 'show <id>', 'show a run').action(apiAction(surroundings, show))
  apiCommand(runs, 'verify <id>', 'ask the API what became of a run of unknown outcome').action(
    apiAction(surroundings, verify),
  )
  apiCommand(runs, 'resolve <id>', 'say what became of a run of unknown outcome')
    .addOption(
      new Option('--outcome <outcome>', 'whether it took effect')
        .choices(['done', 'not_done'])
        .makeOptionMandatory(),
    )
    .option('--note <text>', 'how you know; kept with the run')
    .action(apiAction(surroundings, resolve))
}

async function list({
  api,
  options,
  surroundings,
  printPage,
}: ApiCall<ListOptions>): Promise<void> {
  const { project, tool, member, state, errorCode, since, until, limit, cursor } = options
  const projectId = idOf(await findProject(api, project))
  const momentOf = (text: string | undefined) => text && pastMoment(text, surroundings.nowMs())
  const page = await api.page(path, {
    project_id: projectId,
    tool_id: tool === undefined ? undefined : idOf(await findTool(api, projectId, tool)),
    member,
    state,
    error_code: errorCode,
    since: momentOf(since),
    until: momentOf(until),
    limit,
    cursor,
  })
  printPage(page, columns)
}

const columns: readonly Column<JsonObject>[] = [
  column('run id', 'id'),
  { title: 'started', text: (run) => cell(run.started_at).slice(5) },
  column('tool', 'tool_name', true),
  { title: 'result', text: resultOf, isFlexible: true },
]

function resultOf(run: JsonObject): string {
  if (run.state === 'sending') return 'under way'
  if (typeof run.error_code === 'string') return run.error_code
  return `${cell(run.upstream_status)}, ${cell(run.duration_ms)} ms`
}

async function show({ api, print }: ApiCall<ApiOptions>, id: string): Promise<void> {
  const run = await api.get(`${path}/${encodeURIComponent(id)}`)
  print(run, () => runText(run))
}

async function verify({ api, print }: ApiCall<ApiOptions>, id: string): Promise<void> {
  const answer = await api.post(`${path}/${encodeURIComponent(id)}/verify`, {})
  print(answer, () => `${cell(answer.outcome)}: ${cell(answer.reason)}\n`)
}

interface ResolveOptions extends ApiOptions {
  readonly outcome: string
  readonly note?: string
}

async function resolve(
  { api, options, print }: ApiCall<ResolveOptions>,
  id: string,
): Promise<void> {
  const { outcome, note = null } = options
  print(await api.post(`${path}/${encodeURIComponent(id)}/resolve`, { outcome, note }))
}
