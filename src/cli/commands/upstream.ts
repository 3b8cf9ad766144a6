import type { Command } from 'commander'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { type ApiCall, type ApiOptions, apiAction, projectCommand } from '../api_command.ts'
import { findProject, idOf } from '../find_object.ts'
import { cell, column, pageText } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Column } from '../text_table.ts'

interface ListOptions extends ApiOptions {
  readonly project?: string
}

/** `gatehouse upstream …`: how the APIs behind the tools fare. */
export function addUpstreamCommands(program: Command, surroundings: Surroundings): void {
  const upstream = program.command('upstream').description('look at the APIs behind the tools')
  projectCommand(upstream, 'list', 'list the upstreams called lately, and which are down').action(
    apiAction(surroundings, list),
  )
}

async function list(call: ApiCall<ListOptions>): Promise<void> {
  const { api, options, surroundings } = call
  const projectId = idOf(await findProject(api, options.project))
  const answer = await api.get('/api/v1/upstreams', { project_id: projectId })
  const items = Array.isArray(answer.items) ? answer.items.filter(isJsonObject) : []
  call.print(answer, () => pageText({ items, next_cursor: null }, columns, surroundings))
}

const columns: readonly Column<JsonObject>[] = [
  column('upstream', 'origin', true),
  { title: 'calls', text: callsOf },
  column('under way', 'in_flight'),
  column('waiting', 'queued'),
  { title: 'last failure', text: failureOf, isFlexible: true },
]

function callsOf({ state, next_try_at: at }: JsonObject): string {
  if (state === 'closed') return 'pass'
  return state === 'half_open'
    ? 'stopped; the next one tries'
    : `stopped until ${cell(at).slice(11)}`
}

function failureOf({ last_failure: last }: JsonObject): string {
  return isJsonObject(last) ? `${cell(last.at).slice(5)} ${cell(last.reason ?? last.code)}` : '-'
}
