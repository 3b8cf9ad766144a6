import { type Command, Option } from 'commander'
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { registrationModes } from '../../model/policy.ts'
import { type ApiCall, type ApiOptions, apiAction, apiCommand } from '../api_command.ts'
import { misuse } from '../failure.ts'
import { findProject, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { cell, column } from '../print.ts'
import { collect } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { textDetails, textTable } from '../text_table.ts'

interface SetOptions extends ApiOptions {
  readonly mcp?: string
  readonly allowRedirect?: readonly string[]
  readonly allowClient?: readonly string[]
  readonly scope?: readonly string[]
  readonly suggestScope?: readonly string[]
  readonly registration?: string
  readonly accessMinutes?: string
  readonly refreshDays?: string
  readonly preview?: boolean
}

/** `gatehouse policy …`: what may be connected to a project. */
export function addPolicyCommands(program: Command, surroundings: Surroundings): void {
  const policy = program.command('policy').description('manage what may be connected to a project')
  apiCommand(policy, 'show [project]', "show a project's policy").action(
    apiAction(surroundings, show),
  )
  apiCommand(policy, 'set <project>', "change a project's policy; what is not named stays")
    .addOption(new Option('--mcp <state>', 'refuse or serve every MCP client').choices(switches))
    .option('--allow-redirect <uri>', 'callback URL to allow (repeatable); any: all', collect)
    .option('--allow-client <id>', 'OAuth client id to allow (repeatable); any: all', collect)
    .option('--scope <name>', 'scope that may be granted (repeatable); ALL: every one', collect)
    .option('--suggest-scope <name>', 'scope the challenge names (repeatable); none: no', collect)
    .addOption(
      new Option('--registration <mode>', 'may unknown clients register').choices(
        registrationModes,
      ),
    )
    .option('--access-minutes <n>', 'life of an access token')
    .option('--refresh-days <n>', 'life of a refresh token')
    .option('--preview', 'only tell which connections it would stop or narrow')
    .action(apiAction(surroundings, set))
}

const switches = ['on', 'off']

async function show({ api, print }: ApiCall<ApiOptions>, wanted: string | undefined) {
  print(await api.get(await pathOf(api, wanted)))
}

async function set(call: ApiCall<SetOptions>, wanted: string): Promise<void> {
  const { api, options, print, surroundings } = call
  const path = await pathOf(api, wanted)
  const change = changeOf(options)
  if (Object.keys(change).length === 0) {
    throw misuse('What is to change?', 'gatehouse policy set --help lists what can.')
  }
  if (options.preview !== true) return print(await api.patch(path, change))
  const answer = await api.post(`${path}/preview`, change)
  print(answer, () => previewText(answer, surroundings.columns))
}

async function pathOf(api: ApiCall<ApiOptions>['api'], wanted: string | undefined) {
  return `/api/v1/projects/${idOf(await findProject(api, wanted))}/policy`
}

function changeOf(options: SetOptions): JsonObject {
  const { mcp, allowRedirect, allowClient, scope, accessMinutes, refreshDays } = options
  return given({
    is_mcp_enabled: mcp === undefined ? undefined : mcp === 'on',
    allowed_redirect_uris: listOf(allowRedirect),
    allowed_client_ids: listOf(allowClient),
    policy_scopes: scope?.includes('ALL') ? [] : scope && [...scope],
    challenge_scopes: suggestedOf(options.suggestScope),
    registration_mode: options.registration,
    access_token_minutes: numberOf('--access-minutes', accessMinutes),
    refresh_token_days: numberOf('--refresh-days', refreshDays),
  })
}

/** `any` empties a list, which then allows all. */
function listOf(values: readonly string[] | undefined): JsonValue | undefined {
  return values?.includes('any') ? [] : values && [...values]
}

/** `none` empties the list. */
const suggestedOf = (names: readonly string[] | undefined) =>
  names?.includes('none') ? [] : names && [...names]

function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,6}$/.test(text)) return text === undefined ? text : Number(text)
  throw misuse(`${flag} takes a number, not "${text}"`)
}

function previewText(answer: JsonObject, width: number): string {
  const totals = textDetails([
    ['Working now', cell(answer.working)],
    ['Stopped', cell(answer.stopped)],
    ['Narrowed', cell(answer.narrowed)],
  ])
  const affected = Array.isArray(answer.connections) ? answer.connections.filter(isJsonObject) : []
  return affected.length === 0
    ? totals
    : `${totals}\n${textTable(affectedColumns, affected, width)}`
}

const nameIn = (object: JsonValue | undefined, names: readonly string[]): JsonValue | undefined =>
  isJsonObject(object) ? names.map((name) => object[name]).find((value) => value) : undefined

const affectedColumns = [
  column('id', 'id'),
  {
    title: 'client',
    text: (item: JsonObject) => cell(nameIn(item.client, ['name', 'id'])),
    isFlexible: true,
  },
  { title: 'user', text: (item: JsonObject) => cell(nameIn(item.user, ['email'])) },
  {
    title: 'would',
    text: (item: JsonObject) =>
      item.is_stopped === true ? 'stop' : `lose ${cell(item.lost_scopes)}`,
  },
]
