import { type Command, Option } from 'commander'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { type UsageGroup, usageGroups } from '../../model/usage.ts'
import {
  type ApiCall,
  apiAction,
  type PageOptions,
  pageOptions,
  projectCommand,
} from '../api_command.ts'
import { findProject, idOf } from '../find_object.ts'
import { pastMoment } from '../moment.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { type Column, textTable } from '../text_table.ts'

const path = '/api/v1/usage'

interface UsageOptions extends PageOptions {
  readonly project?: string
  readonly by?: UsageGroup
  readonly since?: string
  readonly until?: string
  readonly csv?: boolean
}

/** `gatehouse usage`: what tools were used for, added up. */
export function addUsageCommand(program: Command, surroundings: Surroundings): void {
  pageOptions(projectCommand(program, 'usage', 'add up tool calls'))
    .addOption(new Option('--by <what>', 'what to tell apart (default: tool)').choices(usageGroups))
    .option('--since <time>', 'from that UTC day on: 24h, 30d or a date')
    .option('--until <time>', 'before that UTC day')
    .option('--csv', 'print CSV')
    .action(apiAction(surroundings, usage))
}

async function usage(call: ApiCall<UsageOptions>): Promise<void> {
  const { api, options, surroundings, print } = call
  const { by = 'tool', project, since, until, limit, cursor } = options
  const dayOf = (text: string | undefined) =>
    text && pastMoment(text, surroundings.nowMs()).slice(0, 10)
  const query = {
    project_id: idOf(await findProject(api, project)),
    group_by: by,
    since: dayOf(since),
    until: dayOf(until),
    limit,
    cursor,
  }
  if (options.csv) {
    surroundings.stdout.write(await api.text(path, { ...query, format: 'csv' }))
    return
  }
  const answer = await api.get(path, query)
  print(answer, () => tableText(answer, by, surroundings.columns))
}

function tableText(answer: JsonObject, by: UsageGroup, width: number): string {
  const items = Array.isArray(answer.items) ? answer.items.filter(isJsonObject) : []
  if (items.length === 0) return 'None.\n'
  const totals = isJsonObject(answer.totals) ? { ...answer.totals, name: 'all', day: 'all' } : {}
  const table = textTable(columnsBy(by), [...items, totals], width)
  const { next_cursor: next } = answer
  return typeof next === 'string' ? `${table}\nMore: --cursor ${next}\n` : table
}

const columnsBy = (by: UsageGroup): readonly Column<JsonObject>[] => [
  by === 'day' ? column('day', 'day') : column(by, 'name', true),
  column('calls', 'calls'),
  column('errors', 'errors'),
  column('unknown', 'unknown'),
  column('sent', 'request_bytes'),
  column('received', 'response_bytes'),
  { title: 'upstream', text: (row) => `${cell(row.upstream_ms)} ms` },
]
