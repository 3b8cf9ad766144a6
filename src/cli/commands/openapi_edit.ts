import type { Command } from 'commander'
import type { JsonObject } from '../../lib/json.ts'
import { operationFilter } from '../../manage/openapi/operation_filter.ts'
import type { HttpMethod } from '../../model/tool.ts'
import { type ApiCall, apiAction, projectCommand } from '../api_command.ts'
import { ApiFailure, CliFailure, exitCodes, misuse } from '../failure.ts'
import { idOf } from '../find_object.ts'
import { type AuthFlags, authOf, authOptions, filterOf } from '../openapi/import_flags.ts'
import { documentedAuth, importedPlan } from '../openapi/next_step.ts'
import { type OverrideFlags, overrideOf, overrideOptions } from '../openapi/override_flags.ts'
import { importPath, sourcePath } from '../openapi/plan.ts'
import { countOf } from '../openapi/plan_text.ts'
import {
  foundSource,
  type Readable,
  readableImport,
  type SourceOptions,
} from '../openapi/readable_import.ts'
import { shellWord } from '../openapi/shell_word.ts'
import { cell } from '../print.ts'
import { collect } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { readSecret } from '../text_input.ts'

interface AuthOptions extends SourceOptions, AuthFlags {}

interface SwitchOptions extends SourceOptions {
  readonly select?: readonly string[]
}

interface OverrideOptions extends SourceOptions, OverrideFlags {}

/** `gatehouse openapi enable`, `disable`, `override` and `auth`: what no document says. */
export function addOpenapiEditCommands(openapi: Command, surroundings: Surroundings): void {
  const command = (usage: string, description: string) =>
    projectCommand(openapi, usage, description)
  const flip = (usage: string, description: string, isEnabled: boolean) =>
    command(usage, description)
      .option('--select <what>', 'tag=…, method=…, path=…, id=… or all (repeatable)', collect)
      .action(
        apiAction(surroundings, (call: ApiCall<SwitchOptions>, wanted: string) =>
          switchTools(call, wanted, isEnabled),
        ),
      )
  flip('enable <source>', 'let models see and call some of its tools', true)
  flip('disable <source>', 'hide some of its tools from models', false)
  const usage = 'override <source> <op>'
  overrideOptions(
    command(usage, 'change an operation, named as "GET /path" or by tool name or operation id'),
  ).action(apiAction(surroundings, override))
  authOptions(
    command('auth <source>', 'set how all its tools prove themselves to the API'),
    '--strategy',
  ).action(apiAction(surroundings, setAuth))
}

async function switchTools(
  call: ApiCall<SwitchOptions>,
  wanted: string,
  isEnabled: boolean,
): Promise<void> {
  const { api, options } = call
  if (options.select === undefined) {
    throw misuse('Which tools?', 'Give --select tag=NAME, method=POST, path=/orders/**, or all.')
  }
  const filter = filterOf(options.select) as Record<string, string[]>
  const { tags = [], methods = [], paths = [], operation_ids: operationIds = [] } = filter
  const isMeant = operationFilter({ tags, methods: methods as HttpMethod[], paths, operationIds })
  const { source, found } = await readableImport(call, wanted)
  const path = `${importPath(source, found)}/operations`
  const names = new Set<string>()
  for await (const one of api.items(path)) {
    const { method, path: at, operation_id: id, tags: own, name } = one
    const operationTags = Array.isArray(own) ? own.map(String) : []
    const operationId = typeof id === 'string' ? id : null
    const operation = { method: method as HttpMethod, path: cell(at), operationId }
    if (isMeant({ ...operation, tags: operationTags })) names.add(cell(name))
  }
  const changed: string[] = []
  const query = { project_id: cell(source.project_id) }
  for (const tool of await Array.fromAsync(api.items('/api/v1/custom-tools', query))) {
    if (!names.has(cell(tool.name)) || tool.is_enabled === isEnabled) continue
    await api.patch(`/api/v1/custom-tools/${idOf(tool)}`, { is_enabled: isEnabled })
    changed.push(cell(tool.name))
  }
  call.print(
    { is_enabled: isEnabled, tools: changed },
    () => `Switched ${countOf(changed.length, 'tool')} ${isEnabled ? 'on' : 'off'}.\n`,
  )
}

async function override(
  call: ApiCall<OverrideOptions>,
  wanted: string,
  operation: string,
): Promise<void> {
  const { api, options } = call
  const change = overrideOf(options, {})
  if (Object.keys(change).length === 0 && !options.clear) {
    throw misuse('Nothing to change', 'Give a flag.')
  }
  const readable = await readableImport(call, wanted)
  const { source } = readable
  const all = await Array.fromAsync(api.items(`${sourcePath(source)}/overrides`))
  const renamed = all.find(({ name }) => name === operation)
  const key = cell((renamed ?? (await foundOperation(call, readable, operation))).key)
  const path = `${sourcePath(source)}/overrides/${encodeURIComponent(key)}`
  const { key: _, updated_at: __, ...before } = all.find((one) => one.key === key) ?? {}
  if (Object.keys(change).length === 0) {
    await api.delete(path)
    call.print({ cleared: key }, () => `${key} is as the document says.\n`)
    return
  }
  const answer = await api.put(path, overrideOf(options, before))
  const { key: ___, updated_at: ____, ...fields } = answer
  call.print(answer, () => `${key} is changed: ${Object.keys(fields).join(', ')}.\n`)
}

/** By key, tool name or operation id. */
async function foundOperation(
  { api }: ApiCall<SourceOptions>,
  { source, found: plan }: Readable,
  wanted: string,
): Promise<JsonObject> {
  const all = await Array.fromAsync(api.items(`${importPath(source, plan)}/operations`))
  const found =
    all.find(({ key }) => key === wanted) ??
    all.find(({ name }) => name === wanted) ??
    all.find(({ operation_id: id }) => id === wanted)
  if (found !== undefined) return found
  const words = `gatehouse openapi operations ${shellWord(cell(source.name))} --q WORD`
  throw new CliFailure(exitCodes.failed, `There is no operation "${wanted}"`, {
    reason: `Name it as "GET /path", or by tool name or operation id. Search: ${words}`,
  })
}

async function setAuth(call: ApiCall<AuthOptions>, wanted: string): Promise<void> {
  const { api, options, surroundings } = call
  const secret = await readSecret(options, surroundings)
  const source = await foundSource(call, wanted)
  const strategy = options.strategy ?? (await documentedStrategy(call, wanted))
  const body = authOf(strategy, options, secret)
  const answer = await api.put(`${sourcePath(source)}/auth`, body).catch((error) => {
    throw lacksName(error) ? unnamed(strategy) : error
  })
  const tools = countOf(Number(answer.tools), 'tool')
  call.print(answer, () => `${tools} of ${cell(answer.name)} now use ${strategy}.\n`)
}

/** Whether the server misses what the document of other strategies says. */
const lacksName = (error: unknown) =>
  error instanceof ApiFailure &&
  (error.problem.errors ?? []).some(({ pointer }) => /^\/(header_name|oauth)$/.test(pointer))

const unnamed = (strategy: string) =>
  misuse(
    `The document does not say the rest of ${strategy}`,
    strategy.startsWith('static_')
      ? 'Give --auth-header with the name of the header, query parameter or cookie.'
      : 'Give --token-url.',
  )

async function documentedStrategy(call: ApiCall<SourceOptions>, wanted: string): Promise<string> {
  const { source, found } = await readableImport(call, wanted)
  const [choice] = await documentedAuth(call.api, await importedPlan(call.api, source, found))
  if (choice !== undefined) return cell(choice.strategy)
  throw misuse(`${cell(source.name)} does not say how callers prove themselves`, 'Give --strategy.')
}
