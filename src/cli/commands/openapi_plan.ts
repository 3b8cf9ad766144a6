import { type Command, Option } from 'commander'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { operationChanges } from '../../model/openapi_import.ts'
import type { ApiClient } from '../api_client.ts'
import {
  type ApiCall,
  apiAction,
  type PageOptions,
  pageOptions,
  projectCommand,
} from '../api_command.ts'
import { everyFinding, findingsText, quarantineText } from '../openapi/findings_text.ts'
import { methodOf } from '../openapi/import_flags.ts'
import { importPath, loadPlan, sourcePath } from '../openapi/plan.ts'
import { readableImport, type SourceOptions } from '../openapi/readable_import.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'

const toolsPath = '/api/v1/custom-tools'

interface QueryOptions extends SourceOptions, PageOptions {
  readonly tag?: string
  readonly method?: string
  readonly path?: string
  readonly q?: string
  readonly change?: string
}

/** `gatehouse openapi operations` and `findings`: what is in a document. */
export function addOpenapiPlanCommands(openapi: Command, surroundings: Surroundings): void {
  pageOptions(
    projectCommand(openapi, 'operations <source>', 'list the operations of a document')
      .option('--tag <tag>', 'those with this tag')
      .option('--method <method>', 'those with this method')
      .option('--path <path>', 'those whose path begins so')
      .option('--q <text>', 'those with this text in name, path or description')
      .addOption(
        new Option('--change <change>', 'what its last import does to them').choices(
          operationChanges,
        ),
      ),
  ).action(apiAction(surroundings, operations))
  projectCommand(openapi, 'findings <source>', 'show what there is to say of a document').action(
    apiAction(surroundings, findings),
  )
}

async function operations(call: ApiCall<QueryOptions>, wanted: string): Promise<void> {
  const { api, options, printPage } = call
  const { tag, method, path, q, change, limit, cursor } = options
  const query = { tag, method: method && methodOf(method), path, q, change, limit, cursor }
  const { source, found } = await readableImport(call, wanted)
  const page = await api.page(`${importPath(source, found)}/operations`, query)
  const items = await asTheyAre(api, source, page.items)
  printPage({ ...page, items }, [
    column('name', 'name', true),
    column('operation', 'key', true),
    { title: 'tokens', text: ({ tokens }) => cell(tokens) },
    { title: 'state', text: stateOf },
    ...(found.state === 'ready' ? [column('change', 'change')] : []),
  ])
}

/** Operations with the names and states their tools have by now, which a plan does not know. */
async function asTheyAre(
  api: ApiClient,
  source: JsonObject,
  operations: readonly JsonObject[],
): Promise<readonly JsonObject[]> {
  const query = { project_id: cell(source.project_id) }
  const states = new Map<string, JsonValue>()
  for await (const { name, is_enabled: isEnabled = null } of api.items(toolsPath, query)) {
    states.set(cell(name), isEnabled)
  }
  const names = new Map<string, JsonValue>()
  for await (const { key, name } of api.items(`${sourcePath(source)}/overrides`)) {
    if (name !== undefined) names.set(cell(key), name)
  }
  return operations.map((operation) => {
    const name = names.get(cell(operation.key)) ?? operation.name ?? null
    const isEnabled = states.get(cell(name)) ?? operation.is_enabled ?? null
    return { ...operation, name, is_enabled: isEnabled }
  })
}

function stateOf(operation: JsonObject): string {
  if (operation.is_gone === true) return 'gone'
  if (operation.quarantine !== null) return 'quarantined'
  if (operation.is_selected !== true) return 'not selected'
  return operation.is_enabled === true ? 'on' : 'off'
}

async function findings(call: ApiCall<SourceOptions>, wanted: string): Promise<void> {
  const { source, found } = await readableImport(call, wanted)
  const plan = await loadPlan(call.api, source, found)
  const every = Number.POSITIVE_INFINITY
  const parts = [quarantineText(plan.operations, every), findingsText(plan.findings, everyFinding)]
  const text = parts.filter((part) => part !== '').join('\n')
  call.print({ items: [...plan.findings] }, () => (text === '' ? 'Nothing to say.\n' : text))
}
