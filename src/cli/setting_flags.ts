import { type Command, Help, Option } from 'commander'
import type { Setting } from '../config/setting.ts'
import { flagOf } from '../config/setting_source.ts'
import { type ConfigInputs, type SettingName, settings } from '../config.ts'

/** Flags as `loadConfig` takes them, by setting name. */
export type SettingFlags = ConfigInputs['flags']

const entries = Object.entries(settings) as [SettingName, Setting<unknown>][]

/** Adds a flag for every setting of a server; a secret's flag names a file, never the secret. */
export function addSettingFlags(command: Command): Command {
  command.configureHelp(narrowTerms)
  command.optionsGroup('Settings (each also as GATEHOUSE_NAME or in the settings file):')
  command.option('--config <path>', 'settings file (TOML); default: DATA/gatehouse.toml')
  for (const [name, setting] of entries) {
    if (!setting.isForClient) command.addOption(optionOf(name, setting))
  }
  return command
}

const widestTerm = 26

/** Gives a flag that is too long for its column a line of its own, so that the texts stay readable. */
const narrowTerms: Partial<Help> = {
  padWidth(command, helper) {
    return Math.min(Help.prototype.padWidth.call(helper, command, helper), widestTerm)
  },
  formatItem(term, termWidth, ...rest) {
    const format = (shown: string) =>
      Help.prototype.formatItem.call(this, shown, termWidth, ...rest)
    return term.length <= termWidth ? format(term) : `  ${term}\n${format('')}`
  },
}

function optionOf(name: SettingName, { kind, help, fallback, isSecret }: Setting<unknown>): Option {
  const value = isSecret ? '-file <path>' : kind.arity === 'switch' ? '' : ` <${kind.form}>`
  const isShown = fallback !== null && fallback !== '' && kind.arity !== 'switch'
  const option = new Option(
    flagOf(name) + value,
    help +
      (isShown ? ` (default: ${fallback})` : '') +
      (kind.arity === 'many' ? ' (repeatable)' : ''),
  )
  return kind.arity === 'many' ? option.argParser(collect) : option
}

/** Gathers the values of an option that may be repeated. */
export const collect = (value: string, earlier: readonly string[] = []): readonly string[] => [
  ...earlier,
  value,
]

/** The flags a command line gave, by setting name. */
export function settingFlags(options: Readonly<Record<string, unknown>>): SettingFlags {
  const names = [
    ...entries.map(([name]) => name),
    ...entries.map(([name]) => `${name}_file`),
    'config',
  ]
  const given = names.map((name) => [name, options[camelCase(name)]] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as SettingFlags
}

const camelCase = (name: string) =>
  name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
