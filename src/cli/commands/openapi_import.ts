import type { Command } from 'commander'
import type { JsonObject } from '../../lib/json.ts'
import type { ApiClient } from '../api_client.ts'
import { type ApiCall, apiAction, projectCommand } from '../api_command.ts'
import { misuse } from '../failure.ts'
import { findOpenapiSource, findProject, idOf } from '../find_object.ts'
import type { Awaited } from '../openapi/await_import.ts'
import { type ChosenDocument, chooseDocument } from '../openapi/document_input.ts'
import { ImportAttempt } from '../openapi/import_attempt.ts'
import {
  type AuthFlags,
  authOf,
  authOptions,
  fieldsOf,
  type ReadingFlags,
  readingOptions,
  settingsOf,
} from '../openapi/import_flags.ts'
import { appliedText, documentedAuth } from '../openapi/next_step.ts'
import {
  importPath,
  loadPlan,
  newestImport,
  type Plan,
  sourcePath,
  sourcesPath,
} from '../openapi/plan.ts'
import { progressLine } from '../openapi/progress_line.ts'
import {
  apply,
  checkAnswerable,
  checkFruitful,
  confirm,
  hasChanges,
  type ReviewFlags,
  reviewOptions,
  reviewText,
  wishOf,
} from '../openapi/review.ts'
import { watchStop } from '../openapi/stop_watch.ts'
import { cell } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { readSecret } from '../text_input.ts'

interface ApplyOptions extends ReviewFlags {
  readonly project?: string
}

interface ImportOptions extends ApplyOptions, ReadingFlags, AuthFlags {
  readonly source?: string
}

/** `gatehouse openapi import` and `openapi apply`: from a document to tools. */
export function addOpenapiImportCommands(openapi: Command, surroundings: Surroundings): void {
  const add = projectCommand(
    openapi,
    'import <document...>',
    'make tools of a file, URL or directory, or of standard input (-)',
  )
    .option('--source <name>', 'the source it is (default: its title, or the host of the URL)')
    .option('--dry-run', 'show what it would do, and change nothing')
  authOptions(readingOptions(reviewOptions(add)), '--auth').action(
    apiAction(surroundings, importDocument),
  )
  const settle = projectCommand(openapi, 'apply <source>', 'apply what a recheck proposed')
  reviewOptions(settle).action(apiAction(surroundings, applyProposed))
}

async function importDocument(
  call: ApiCall<ImportOptions>,
  words: readonly string[],
): Promise<void> {
  const { options, surroundings } = call
  checkAnswerable(call)
  if (words[0] === '-' && options.secretStdin) {
    throw misuse('Both the document and the secret are to come from standard input')
  }
  const document = await chooseDocument(words, surroundings)
  const secret = await readSecret(options, surroundings)
  const attempt = await attemptOf(call, document)
  const stop = watchStop(surroundings)
  const line = progressLine(surroundings, options)
  try {
    await run(call, attempt, { document, awaited: { api: call.api, stop, line }, secret })
  } finally {
    await attempt.undo()
    stop.off()
  }
}

async function attemptOf(
  { api, options, surroundings }: ApiCall<ImportOptions>,
  document: ChosenDocument,
): Promise<ImportAttempt> {
  const settings = await settingsOf(options, surroundings)
  const projectId = idOf(await findProject(api, options.project))
  const url = 'url' in document ? { url: document.url } : {}
  const present = await presentSource(api, projectId, { document, wanted: options.source })
  const changes = {
    ...url,
    ...fieldsOf(options),
    ...(Object.keys(settings).length > 0 && { settings }),
  }
  const name = options.source ?? document.name
  const fields = present === null ? { project_id: Number(projectId), name, ...changes } : changes
  return new ImportAttempt({ api, present, fields })
}

/** The source of that name; where none is named, the one that reads the URL. */
async function presentSource(
  api: ApiCall<ImportOptions>['api'],
  projectId: string,
  { document, wanted }: { readonly document: ChosenDocument; readonly wanted: string | undefined },
): Promise<JsonObject | null> {
  const sources = await Array.fromAsync(api.items(sourcesPath, { project_id: projectId }))
  const called = (name: string) =>
    sources.find((one) => cell(one.name).toLowerCase() === name.toLowerCase()) ?? null
  if (wanted !== undefined)
    return called(wanted) ?? sources.find((one) => idOf(one) === wanted) ?? null
  if (!('url' in document)) return called(document.name)
  const ofUrl = sources.find((one) => one.url === document.url)
  if (ofUrl !== undefined) return ofUrl
  const same = called(document.name)
  if (same === null) return null
  throw misuse(
    `The source "${cell(same.name)}" is there already and reads ${cell(same.url)}`,
    'Give --source with its name to replace its document, or with a new one.',
  )
}

interface RunParts {
  readonly document: ChosenDocument
  readonly awaited: Awaited
  readonly secret: string | null
}

async function run(
  call: ApiCall<ImportOptions>,
  attempt: ImportAttempt,
  { document, awaited, secret }: RunParts,
): Promise<void> {
  const { api, options, surroundings } = call
  const found = await attempt.plan(document, awaited)
  const plan = await loadPlan(api, attempt.source, found)
  if (options.dryRun) {
    call.print(
      planJson(plan, options),
      () => `${reviewText(plan, options, surroundings.columns)}\nNothing was changed.\n`,
    )
    return
  }
  await settle(call, plan, { stop: awaited.stop, secret, onApplied: () => attempt.applied() })
}

interface SettleParts {
  readonly stop: Awaited['stop']
  readonly secret: string | null
  readonly onApplied: () => void
}

/** Shows a plan, asks, applies it, and sets how its tools prove themselves. */
async function settle(
  call: ApiCall<ImportOptions>,
  plan: Plan,
  { stop, secret, onApplied }: SettleParts,
): Promise<void> {
  const { api, options, surroundings } = call
  if (!options.json) surroundings.stdout.write(reviewText(plan, options, surroundings.columns))
  checkFruitful(plan)
  const { acceptDangerous } = await confirm(call, plan, stop)
  const offered = await documentedAuth(api, plan)
  const auth = authWanted(options, secret, offered)
  // From here on it is the server that ends it, whole.
  onApplied()
  // A plan that changes nothing would only take the place of what a rollback goes back to.
  const applied = hasChanges(plan)
    ? await apply(call, plan, acceptDangerous)
    : await drop(api, plan)
  const source = auth && (await api.put(`${sourcePath(plan.source)}/auth`, auth))
  const now = { ...plan, source: source ?? (await api.get(sourcePath(plan.source))) }
  const { project } = options
  const next = { wish: wishOf(options), auth: offered, ...(project !== undefined && { project }) }
  call.print({ ...planJson(now, options), applied }, () =>
    hasChanges(plan)
      ? `\n${appliedText(now, applied, next)}`
      : `${options.diff ? '' : '\nNothing changes.\n'}`,
  )
}

async function drop(api: ApiClient, { source, found }: Plan): Promise<JsonObject> {
  await api.post(`${importPath(source, found)}/cancel`)
  return { added: 0, changed: 0, removed: 0 }
}

function authWanted(
  options: ImportOptions,
  secret: string | null,
  offered: readonly JsonObject[],
): JsonObject | null {
  if (options.auth !== undefined) return authOf(options.auth, options, secret)
  if (secret === null) return null
  const [choice] = offered
  if (choice !== undefined) return authOf(cell(choice.strategy), options, secret)
  throw misuse('The document does not say what the secret is for', 'Give --auth too.')
}

function planJson(plan: Plan, { diff }: ReviewFlags): JsonObject {
  const { source, found, tags, findings, operations } = plan
  const isQuarantined = (one: JsonObject) => one.is_selected === true && one.quarantine !== null
  const changed = operations.filter(({ change }) => change !== 'unchanged')
  return {
    source,
    import: found,
    tags: [...tags],
    findings: [...findings],
    quarantined: operations
      .filter(isQuarantined)
      .map(({ key = null, quarantine: reason = null }) => ({ key, reason })),
    ...(diff && { operations: changed }),
    applied: null,
  }
}

async function applyProposed(call: ApiCall<ApplyOptions>, wanted: string): Promise<void> {
  const { api, options, surroundings } = call
  checkAnswerable(call)
  const project = idOf(await findProject(api, options.project))
  const source = await findOpenapiSource(api, project, wanted)
  const found = await newestImport(api, source, ['ready'])
  if (found === null) {
    throw misuse('Nothing waits to be applied', 'Look for changes: gatehouse openapi recheck')
  }
  const stop = watchStop(surroundings)
  try {
    const plan = await loadPlan(api, source, found)
    await settle(call, plan, { stop, secret: null, onApplied: () => stop.off() })
  } finally {
    stop.off()
  }
}
