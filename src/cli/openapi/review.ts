import { type Command, Option } from 'commander'
import type { JsonObject } from '../../lib/json.ts'
import type { ApiCall, ApiOptions } from '../api_command.ts'
import { CliFailure, exitCodes, misuse } from '../failure.ts'
import { cell } from '../print.ts'
import { dangerText, diffText } from './diff_text.ts'
import { findingsText, quarantineText } from './findings_text.ts'
import { type EnableWish, importPath, type Plan } from './plan.ts'
import { countOf, planText } from './plan_text.ts'
import { shellWord } from './shell_word.ts'
import type { StopWatch } from './stop_watch.ts'

/** The flags that say what becomes of a plan. */
export interface ReviewFlags extends ApiOptions {
  readonly dryRun?: boolean
  readonly diff?: boolean
  readonly yes?: boolean
  readonly acceptDangerous?: boolean
  readonly enable?: string
}

const wishes = {
  reads: { reads: true, writes: false },
  writes: { reads: false, writes: true },
  all: { reads: true, writes: true },
  none: { reads: false, writes: false },
} as const satisfies Record<string, EnableWish>

/** Adds the flags of `ReviewFlags`. */
export function reviewOptions(command: Command): Command {
  return command
    .option('--diff', 'show each field that changes')
    .option('--yes', 'apply without asking')
    .option('--accept-dangerous', 'apply dangerous changes too')
    .addOption(
      new Option('--enable <which>', 'which new tools to switch on (default: reads)').choices(
        Object.keys(wishes),
      ),
    )
}

/** Which new tools to switch on. */
export const wishOf = ({ enable }: ReviewFlags): EnableWish =>
  enable !== undefined && Object.hasOwn(wishes, enable) ? wishes[enable as keyof typeof wishes] : {}

/** Refuses what could only end in a question to nobody. @throws CliFailure - exit code 2 */
export function checkAnswerable({ options, surroundings }: ApiCall<ReviewFlags>): void {
  if (options.dryRun || options.yes) return
  if (surroundings.ask !== null && options.json !== true) return
  throw misuse(
    'Nobody is there to be asked whether to apply it',
    'Add --dry-run to look at what would happen, or --yes to apply it.',
  )
}

/** The report, the plan and, if wanted, the differences, as a person reads them. */
export function reviewText(plan: Plan, options: ReviewFlags, width: number): string {
  // What a dry run made is gone again when somebody asks for it.
  const notesBy = options.dryRun
    ? null
    : `gatehouse openapi findings ${shellWord(cell(plan.source.name))}`
  const limits = { places: options.dryRun ? 3 : 5, notesBy }
  const parts = [
    planText(plan, wishOf(options), width),
    quarantineText(plan.operations, 5),
    findingsText(plan.findings, limits),
    options.diff ? diffText(plan.operations, width) : dangerText(plan.operations, width),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

/** Refuses to make a source that has no tool. @throws CliFailure - exit code 1 */
export function checkFruitful(plan: Plan): void {
  if (plan.source.applied_import_id !== null || hasChanges(plan)) return
  const isLost = plan.operations.some(({ quarantine }) => quarantine !== null)
  throw new CliFailure(exitCodes.failed, 'No operation becomes a tool; nothing was imported', {
    reason: isLost
      ? 'Mend what is said above, then import again.'
      : 'Select others, or give another document.',
  })
}

/** Whether a plan changes any tool. */
export const hasChanges = ({ operations }: Plan) =>
  operations.some(({ change }) => change !== 'unchanged')

/**
 * Asks whether to apply a plan, unless the flags say so.
 * @throws CliFailure - exit code 1: it is not to be applied
 */
export async function confirm(
  { options, surroundings }: ApiCall<ReviewFlags>,
  plan: Plan,
  stop: StopWatch,
): Promise<{ readonly acceptDangerous: boolean }> {
  const dangers = plan.operations.filter((one) => one.is_dangerous === true).length
  const isAccepted = dangers === 0 || options.acceptDangerous === true
  if (options.yes || surroundings.ask === null || !hasChanges(plan)) {
    if (!isAccepted) throw dangerous(dangers)
    return { acceptDangerous: options.acceptDangerous === true }
  }
  const answer = await stop.orStopped(surroundings.ask(questionOf(isAccepted ? 0 : dangers)))
  const wanted = isAccepted ? /^y(es)?$/i : /^accept$/i
  if (wanted.test(answer.trim())) return { acceptDangerous: dangers > 0 }
  throw new CliFailure(exitCodes.failed, 'Not applied; no tool was changed')
}

const questionOf = (dangers: number) =>
  dangers === 0
    ? '\nApply this? [y/N] '
    : `\n${countOf(dangers, 'change')} marked ! may break or misdirect calls. Type accept to apply all: `

const dangerous = (dangers: number) =>
  new CliFailure(
    exitCodes.failed,
    `${countOf(dangers, 'change')} ${dangers === 1 ? 'is' : 'are'} dangerous; no tool was changed`,
    { reason: 'Look at them with --diff --dry-run, then add --accept-dangerous.' },
  )

/** Makes a plan come true. @throws ApiFailure */
export function apply(
  { api, options }: ApiCall<ReviewFlags>,
  { source, found }: Plan,
  acceptDangerous: boolean,
): Promise<JsonObject> {
  const enable = { ...wishOf(options) }
  return api.post(`${importPath(source, found)}/apply`, {
    accept_dangerous: acceptDangerous,
    enable,
  })
}
