import { join } from 'node:path'
import { InvalidSetting } from '../model/setting.ts'

/** Where the value of a setting came from. */
export type SettingSource = 'flag' | 'env' | 'credential' | 'file' | 'default'

/** What a command line gives for one setting; undefined where the flag is absent. */
export type FlagValue = string | boolean | readonly string[] | undefined

/** A parsed settings file. */
export interface SettingsFile {
  readonly path: string
  readonly baseDir: string
  readonly values: Readonly<Record<string, unknown>>
}

/** Every place a setting may stand, strongest first: flags, environment, credentials, file. */
export interface SettingPlaces {
  /** By setting name; a secret's file as `NAME_file`. */
  readonly flags: Readonly<Record<string, FlagValue>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Gives null where the file does not exist. */
  readonly readFile: (path: string) => string | null
  readonly cwd: string
  readonly file: SettingsFile | null
}

/** The text found for a setting, and where. */
export interface FoundSetting {
  readonly text: string
  readonly source: SettingSource
  /** The very place, for messages: `--listen`, `GATEHOUSE_LISTEN` or a path. */
  readonly where: string
  /** Where relative paths in the text start. */
  readonly baseDir: string
}

/** The environment variable of a setting. */
export const variableOf = (name: string) => `GATEHOUSE_${name.toUpperCase()}`

/** The flag of a setting. */
export const flagOf = (name: string) => `--${name.replaceAll('_', '-')}`

/**
 * Finds a setting in the strongest place that has it; empty text counts as absent. A `bareVariable`
 * is read where its own `GATEHOUSE_` variable has nothing.
 */
export function findSetting(
  name: string,
  places: SettingPlaces,
  bareVariable?: string,
): FoundSetting | null {
  return (
    fromFlag(name, places) ??
    fromEnv(name, places) ??
    (bareVariable === undefined ? null : fromVariable(bareVariable, places)) ??
    fromFile(name, places)
  )
}

/**
 * Finds a secret, which may also stand in a file of its own: named by `--NAME-file`,
 * `GATEHOUSE_NAME_FILE` or `NAME_file`, or handed over by systemd as a credential.
 * @throws InvalidSetting - given twice in one place, or its file cannot be read
 */
export function findSecret(name: string, places: SettingPlaces): FoundSetting | null {
  return (
    eitherOf(name, fromFlag, places) ??
    eitherOf(name, fromEnv, places) ??
    fromCredential(name, places) ??
    eitherOf(name, fromFile, places)
  )
}

type Place = (name: string, places: SettingPlaces) => FoundSetting | null

function eitherOf(name: string, place: Place, places: SettingPlaces): FoundSetting | null {
  const direct = place(name, places)
  const pointer = place(`${name}_file`, places)
  if (direct !== null && pointer !== null) {
    throw new InvalidSetting(`is set twice, by ${direct.where} and ${pointer.where}. Keep one.`)
  }
  return pointer === null ? direct : contentOf(pointer, places)
}

function contentOf(pointer: FoundSetting, places: SettingPlaces): FoundSetting {
  const path = join(pointer.text.startsWith('/') ? '' : pointer.baseDir, pointer.text)
  const text = readSecret(path, places)
  if (text === null) throw new InvalidSetting(`names ${path}, which does not exist or is empty.`)
  return { ...pointer, text }
}

function readSecret(path: string, places: SettingPlaces): string | null {
  try {
    return places.readFile(path)?.trim() || null
  } catch (cause) {
    throw new InvalidSetting(`stands in ${path}, which cannot be read.`, { cause })
  }
}

function fromFlag(name: string, { flags, cwd }: SettingPlaces): FoundSetting | null {
  const value = flags[name]
  const text = value === undefined ? '' : textOf(value)
  return text === '' ? null : { text, source: 'flag', where: flagOf(name), baseDir: cwd }
}

const fromEnv: Place = (name, places) => fromVariable(variableOf(name), places)

function fromVariable(variable: string, { env, cwd }: SettingPlaces): FoundSetting | null {
  const text = env[variable]?.trim() ?? ''
  return text === '' ? null : { text, source: 'env', where: variable, baseDir: cwd }
}

function fromCredential(name: string, places: SettingPlaces): FoundSetting | null {
  const directory = places.env.CREDENTIALS_DIRECTORY ?? ''
  if (directory === '') return null
  for (const file of [`gatehouse.${name}`, name]) {
    const path = join(directory, file)
    const text = readSecret(path, places)
    if (text !== null) return { text, source: 'credential', where: path, baseDir: directory }
  }
  return null
}

function fromFile(name: string, { file }: SettingPlaces): FoundSetting | null {
  if (file === null || !Object.hasOwn(file.values, name)) return null
  const text = textOf(file.values[name])
  return text === ''
    ? null
    : { text, source: 'file', where: `${name} in ${file.path}`, baseDir: file.baseDir }
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',')
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value).trim()
  throw new InvalidSetting('is neither text, a number, true, false nor a list of these.')
}
