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
import { CliFailure, exitCodes } from '../failure.ts'
import { findProject } from '../find_object.ts'
import { pastMoment } from '../moment.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'

const path = '/api/v1/audit'

interface FilterOptions extends PageOptions {
  readonly project?: string
  readonly actor?: string
  readonly action?: string
  readonly since?: string
  readonly until?: string
}

/** `gatehouse audit …`: who changed what, and proof that nobody changed the record. */
export function addAuditCommands(program: Command, surroundings: Surroundings): void {
  const audit = program.command('audit').description('look at the audit log')
  const filtered = (command: Command) =>
    command
      .option('--project <project>', 'events of one project, by id or slug')
      .option('--actor <actor>', 'by whom: local, user:2, admin_token:7')
      .option('--action <action>', 'what: integration.delete')
      .option('--since <time>', 'from then on: 15m, 24h, 7d or a date')
      .option('--until <time>', 'before then')
  filtered(pageOptions(apiCommand(audit, 'list', 'list events, newest first'))).action(
    apiAction(surroundings, list),
  )
  filtered(apiCommand(audit, 'export', 'write every event as one JSON object per line')).action(
    apiAction(surroundings, exportAll),
  )
  apiCommand(audit, 'verify', 'check that no event was changed or removed').action(
    apiAction(surroundings, verify),
  )
}

async function queryOf({ api, options, surroundings }: ApiCall<FilterOptions>) {
  const { project, actor, action, since, until } = options
  const momentOf = (text: string | undefined) => text && pastMoment(text, surroundings.nowMs())
  const projectId = project === undefined ? undefined : (await findProject(api, project)).id
  return {
    project_id: projectId === undefined ? undefined : cell(projectId),
    actor,
    action,
    since: momentOf(since),
    until: momentOf(until),
  }
}

async function list(call: ApiCall<FilterOptions>): Promise<void> {
  const { limit, cursor } = call.options
  const page = await call.api.page(path, { ...(await queryOf(call)), limit, cursor })
  call.printPage(page, [
    column('seq', 'seq'),
    column('at', 'at'),
    column('actor', 'actor'),
    column('action', 'action'),
    column('target', 'target', true),
  ])
}

async function exportAll(call: ApiCall<FilterOptions>): Promise<void> {
  const { stdout } = call.surroundings
  for await (const event of call.api.items(path, await queryOf(call))) {
    stdout.write(`${JSON.stringify(event)}\n`)
  }
}

async function verify({ api, print }: ApiCall<ApiOptions>): Promise<void> {
  const verdict: JsonObject = await api.get(`${path}/verify`)
  const { fault } = verdict
  const last = `last event ${cell(verdict.last_seq)}, hash ${cell(verdict.last_hash)}`
  print(verdict, () =>
    isJsonObject(fault)
      ? `${cell(verdict.checked)} events fit.\n`
      : `All ${cell(verdict.checked)} events fit; ${last}.\n`,
  )
  if (!isJsonObject(fault)) return
  throw new CliFailure(exitCodes.failed, `The audit log was tampered with at ${cell(fault.seq)}`, {
    reason: `${cell(fault.what)}.`,
  })
}
