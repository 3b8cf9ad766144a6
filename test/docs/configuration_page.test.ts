import { describe, expect, test } from 'bun:test'
import type { Setting } from '../../src/config/setting.ts'
import { flagOf, variableOf } from '../../src/config/setting_source.ts'
import { loadConfig, type SettingName, settings } from '../../src/config.ts'
import { fencesOf, readPage } from './markdown.ts'

const page = readPage('docs/configuration.md')
const entries = Object.entries(settings) as [SettingName, Setting<unknown>][]

/** The flags that carry a setting of the command line's own connection. */
const clientFlags: Partial<Record<SettingName, string>> = { url: '--url', admin_token: '--token' }

/** The row of a setting: name, flag, variable, default, and what help says. */
function rowOf(name: SettingName, { fallback, help, isSecret }: Setting<unknown>): string {
  const flag = clientFlags[name] ?? (isSecret ? `${flagOf(name)}-file` : flagOf(name))
  const variable = variableOf(name)
  const variables = isSecret ? `\`${variable}\`, \`${variable}_FILE\`` : `\`${variable}\``
  const value = fallback === null || fallback === '' ? 'none' : `\`${fallback}\``
  return `| \`${name}\` | \`${flag}\` | ${variables} | ${value} | ${help} |`
}

describe('docs/configuration.md', () => {
  test('has one row per setting, in the order of the table in src/config.ts', () => {
    const rows = page.split('\n').filter((line) => /^\| `[a-z_]+` \| `--/.test(line))
    expect(rows).toEqual(entries.map(([name, setting]) => rowOf(name, setting)))
  })

  test('shows a settings file that loads', () => {
    const toml = fencesOf(page).find(({ words }) => words[0] === 'toml')?.text ?? ''
    const readFile = (path: string) => (path === '/etc/gatehouse.toml' ? toml : null)
    const config = loadConfig({ flags: { config: '/etc/gatehouse.toml' }, env: {}, readFile })
    expect(config.publicUrl).toBe('https://gate.example.com')
    expect(config.egressAllow.length).toBe(2)
    expect(config.maxBodyBytes).toBe(8 * 1024 * 1024)
  })
})
