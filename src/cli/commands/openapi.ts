import type { Command } from 'commander'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import {
  type ApiCall,
  apiAction,
  apiCommandWithUrl,
  type PageOptions,
  pageOptions,
  projectCommand,
} from '../api_command.ts'
import { misuse } from '../failure.ts'
import { findProject, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { awaitImport } from '../openapi/await_import.ts'
import { fieldsOf, type ReadingFlags, readingOptions, settingsOf } from '../openapi/import_flags.ts'
import {
  importPath,
  loadPlan,
  newestImport,
  objects,
  sourcePath,
  sourcesPath,
} from '../openapi/plan.ts'
import { progressLine } from '../openapi/progress_line.ts'
import { foundSource, type SourceOptions } from '../openapi/readable_import.ts'
import { hasChanges, reviewText } from '../openapi/review.ts'
import { shellWord } from '../openapi/shell_word.ts'
import { watchStop } from '../openapi/stop_watch.ts'
import { cell, column, detailsText } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { addOpenapiEditCommands } from './openapi_edit.ts'
import { addOpenapiImportCommands } from './openapi_import.ts'
import { addOpenapiPlanCommands } from './openapi_plan.ts'

interface UpdateOptions extends SourceOptions, ReadingFlags {
  readonly name?: string
  readonly url?: string
}

/** `gatehouse openapi …`: API descriptions, and the tools that come of them. */
export function addOpenapiCommands(program: Command, surroundings: Surroundings): void {
  const openapi = program
    .command('openapi')
    .description('make tools of OpenAPI documents, and keep them up to date')
  const command = (usage: string, description: string) =>
    projectCommand(openapi, usage, description)
  addOpenapiImportCommands(openapi, surroundings)
  pageOptions(command('list', 'list the documents that tools come from')).action(
    apiAction(surroundings, list),
  )
  command('show <source>', 'show a source').action(apiAction(surroundings, show))
  const update = apiCommandWithUrl(openapi, 'update <source>', 'change how a source is read')
    .option('--project <project>', 'its project, by id or slug')
    .option('--name <name>', 'another name')
    .option('--url <url>', 'another URL to read')
  readingOptions(update).action(apiAction(surroundings, change))
  command('delete <source>', 'delete a source and its tools; runs stay').action(
    apiAction(surroundings, remove),
  )
  addOpenapiPlanCommands(openapi, surroundings)
  command('recheck <source>', 'look for changes at its URL; nothing is applied').action(
    apiAction(surroundings, recheck),
  )
  command('rollback <source>', 'make its tools what they were before the last apply').action(
    apiAction(surroundings, rollback),
  )
  addOpenapiEditCommands(openapi, surroundings)
}

async function list(call: ApiCall<PageOptions & SourceOptions>): Promise<void> {
  const { api, options, printPage } = call
  const { limit, cursor } = options
  const project = idOf(await findProject(api, options.project))
  printPage(await api.page(sourcesPath, { project_id: project, limit, cursor }), [
    column('id', 'id'),
    column('name', 'name', true),
    column('tools', 'tools'),
    { title: 'from', text: ({ url }) => cell(url ?? 'upload'), isFlexible: true },
    { title: 'auth', text: ({ auth }) => (isJsonObject(auth) ? cell(auth.strategy) : '-') },
    { title: 'next check', text: (source) => cell(source.next_check_at) },
  ])
}

async function show(call: ApiCall<SourceOptions>, wanted: string): Promise<void> {
  const source = await foundSource(call, wanted)
  const overrides = await Array.fromAsync(call.api.items(`${sourcePath(source)}/overrides`))
  const waiting = await newestImport(call.api, source, ['reading', 'ready'])
  const answer = { ...source, overrides, waiting_import: waiting }
  call.print(answer, () => showText(source, overrides, waiting))
}

function showText(
  { filter, settings, auth, ...source }: JsonObject,
  overrides: readonly JsonObject[],
  waiting: JsonObject | null,
): string {
  const counts = waiting !== null && isJsonObject(waiting.counts) ? waiting.counts : {}
  const words = ['added', 'changed', 'removed'].map((word) => `${cell(counts[word])} ${word}`)
  const spread = { ...given({ filter, settings }), auth: auth ?? null }
  return detailsText({
    ...source,
    ...Object.fromEntries(Object.entries(spread).map(([name, value]) => [name, brief(value)])),
    overrides: overrides.map(({ key }) => cell(key)),
    waiting: waiting === null ? null : waiting.state === 'ready' ? words.join(', ') : 'being read',
  })
}

/** What is set, without what is not; an overlay by its size alone. */
function brief(value: JsonObject[string] | undefined): string | null {
  if (!isJsonObject(value)) return null
  const texts = Object.entries(value).flatMap(([name, member]) => {
    const isEmpty =
      member === null ||
      member === '' ||
      member === false ||
      (typeof member === 'object' && Object.keys(member).length === 0)
    if (isEmpty) return []
    const shown = name === 'overlays' && Array.isArray(member) ? member.length : member
    return [`${name.replaceAll('_', ' ')}: ${cell(shown)}`]
  })
  return texts.length === 0 ? null : texts.join('\n')
}

async function change(call: ApiCall<UpdateOptions>, wanted: string): Promise<void> {
  const { api, options, surroundings } = call
  const settings = await settingsOf(options, surroundings)
  const { name, url } = options
  const fields = {
    ...given({ name, url }),
    ...fieldsOf(options),
    ...(Object.keys(settings).length > 0 && { settings }),
  }
  if (Object.keys(fields).length === 0) throw misuse('Nothing to change', 'Give a flag.')
  const source = await foundSource(call, wanted)
  const answer = await api.patch(sourcePath(source), fields)
  const isPlanned = 'settings' in fields || 'filter' in fields
  const next = `The tools stay as they are until: gatehouse openapi apply ${shellWord(cell(answer.name))}\n`
  const isImported = answer.applied_import_id !== null
  call.print(answer, () => `Changed ${cell(answer.name)}.\n${isPlanned && isImported ? next : ''}`)
}

async function remove(call: ApiCall<SourceOptions>, wanted: string): Promise<void> {
  const source = await foundSource(call, wanted)
  await call.api.delete(sourcePath(source))
  const name = cell(source.name)
  call.print({ deleted: name }, () => `Deleted ${name} with ${cell(source.tools)} tools.\n`)
}

async function recheck(call: ApiCall<SourceOptions>, wanted: string): Promise<void> {
  const { api, options, surroundings } = call
  const source = await foundSource(call, wanted)
  if (source.url === null) {
    throw misuse(`${cell(source.name)} has no URL to look at`, 'Import the document again.')
  }
  const stop = watchStop(surroundings)
  const line = progressLine(surroundings, options)
  const started = await api.post(`${sourcePath(source)}/imports`)
  const path = importPath(source, started)
  try {
    const answer = await awaitImport({ api, stop, line }, path)
    const waiting = answer.state === 'ready' ? answer : await newestImport(api, source, ['ready'])
    const plan = waiting && (await loadPlan(api, source, waiting))
    const operations = plan?.operations.filter(({ change: what }) => what !== 'unchanged') ?? []
    const text = () =>
      plan === null || !hasChanges(plan)
        ? 'Nothing has changed.\n'
        : `${reviewText(plan, { diff: true }, surroundings.columns)}
Nothing is applied yet. To apply it: gatehouse openapi apply ${shellWord(cell(source.name))}\n`
    call.print({ import: answer, operations: objects(operations) as JsonObject[] }, text)
  } catch (error) {
    await api.post(`${path}/cancel`).catch(() => null)
    throw error
  } finally {
    stop.off()
  }
}

async function rollback(call: ApiCall<SourceOptions>, wanted: string): Promise<void> {
  const source = await foundSource(call, wanted)
  const answer = await call.api.post(`${sourcePath(source)}/rollback`)
  const words = ['added', 'changed', 'removed'].map((word) => `${cell(answer[word])} ${word}`)
  call.print(answer, () => `Back to what was applied before: ${words.join(', ')}.\n`)
}
