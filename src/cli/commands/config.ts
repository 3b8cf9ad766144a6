import type { Command } from 'commander'
import { describeConfig, loadConfig, type SettingDescription } from '../../config.ts'
import { print } from '../print.ts'
import { addSettingFlags, settingFlags } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { type Column, textTable } from '../text_table.ts'

interface ConfigOptions {
  readonly sources?: boolean
  readonly json?: boolean
}

/** `gatehouse config …`: what is set, and where. */
export function addConfigCommands(program: Command, surroundings: Surroundings): void {
  const config = program.command('config').description('look at the settings')
  addSettingFlags(
    config
      .command('show')
      .description('show every setting as it is in force')
      .option('--sources', 'say where each comes from')
      .option('--json', 'print JSON'),
  ).action((options: ConfigOptions) => show(options, surroundings))
  addSettingFlags(
    config
      .command('validate')
      .description('check the settings; exit code 2 where they cannot be used')
      .option('--json', 'print JSON'),
  ).action((options: ConfigOptions) => validate(options, surroundings))
}

function load(options: ConfigOptions, surroundings: Surroundings) {
  return loadConfig({ ...surroundings.inputs, flags: settingFlags({ ...options }) })
}

function show(options: ConfigOptions, surroundings: Surroundings): void {
  const config = load(options, surroundings)
  const descriptions = describeConfig(config)
  const settings = descriptions.map(({ name, value, source }) =>
    options.sources === true ? { name, value, source } : { name, value },
  )
  const { settingsFile } = config
  const text = () => {
    const table = textTable(columnsFor(options), descriptions, surroundings.columns)
    return settingsFile === null ? table : `${table}\nSettings file: ${settingsFile}\n`
  }
  print({ answer: { settings, settings_file: settingsFile }, text }, options, surroundings)
}

function columnsFor({ sources }: ConfigOptions): readonly Column<SettingDescription>[] {
  const base: readonly Column<SettingDescription>[] = [
    { title: 'setting', text: ({ name }) => name },
    { title: 'value', text: ({ value }) => valueText(value), isFlexible: true },
  ]
  return sources === true ? [...base, { title: 'from', text: ({ source }) => source }] : base
}

function valueText(value: SettingDescription['value']): string {
  if (typeof value === 'object' && value !== null)
    return value.length === 0 ? '-' : value.join(', ')
  return value === null ? '-' : String(value)
}

function validate(options: ConfigOptions, surroundings: Surroundings): void {
  const { settingsFile } = load(options, surroundings)
  const where = settingsFile === null ? '' : ` (${settingsFile})`
  const answer = { valid: true, settings_file: settingsFile }
  const text = () => `The configuration is valid${where}.\n`
  print({ answer, text }, options, surroundings)
}
