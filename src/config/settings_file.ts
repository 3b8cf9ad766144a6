import { dirname, join, resolve } from 'node:path'
import { AppError } from '../errors.ts'
import type { SettingPlaces, SettingsFile } from './setting_source.ts'

type Inputs = Omit<SettingPlaces, 'file'>

/**
 * Reads the settings file that `--config` or `GATEHOUSE_CONFIG` names; null where none is named.
 * @throws AppError validation_failed - it does not exist or is not TOML
 */
export function readNamedFile(inputs: Inputs): SettingsFile | null {
  const flag = inputs.flags.config
  const named = typeof flag === 'string' && flag !== '' ? flag : inputs.env.GATEHOUSE_CONFIG
  if (named === undefined || named === '') return null
  const path = resolve(inputs.cwd, named)
  const file = readToml(path, inputs)
  if (file !== null) return file
  throw broken(
    `${path}, named by ${flag === named ? '--config' : 'GATEHOUSE_CONFIG'}, is not there`,
  )
}

/**
 * Reads `gatehouse.toml` of the data directory, the settings file where none is named.
 * @throws AppError validation_failed - it is not TOML
 */
export function readDataDirFile(dataDir: string, inputs: Inputs): SettingsFile | null {
  return readToml(join(dataDir, 'gatehouse.toml'), inputs)
}

function readToml(path: string, inputs: Inputs): SettingsFile | null {
  let text: string | null
  try {
    text = inputs.readFile(path)
  } catch (cause) {
    throw broken(`${path} cannot be read`, cause)
  }
  if (text === null) return null
  try {
    const values = Bun.TOML.parse(text) as Readonly<Record<string, unknown>>
    return { path, baseDir: dirname(path), values }
  } catch (cause) {
    const why =
      cause instanceof Error ? cause.message.replace(/^TOML Parse error: /, '') : 'unknown'
    throw broken(`${path} is not valid TOML: ${why}`, cause)
  }
}

const broken = (what: string, cause?: unknown) =>
  new AppError('validation_failed', {
    detail: 'The settings file cannot be used',
    reason: `${what}.`,
    cause,
  })
