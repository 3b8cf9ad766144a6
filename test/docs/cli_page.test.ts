import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cliPage } from '../../scripts/generate_cli_page.ts'
import { flagOf } from '../../src/config/setting_source.ts'
import { settings } from '../../src/config.ts'
import { fencesOf, proseOf, readPage, root } from './markdown.ts'

const page = readPage('docs/cli.md')
const settingFlags = ['--config', ...Object.keys(settings).map(flagOf), '--master-key-file']

const [connection = ''] = page.split('\n## Server')

/** The section of each command: its words and what stands under its heading. */
const sections = new Map(
  page
    .split('\n### gatehouse ')
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
)

const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((path) => path.endsWith('.md') && path !== 'docs/cli.md')
  .sort()

/** Every command line of a page, in blocks and in running text, from its first word on. */
function commandLinesOf(markdown: string): string[] {
  const shell = fencesOf(markdown)
    .filter(({ words }) => words[0] === 'sh')
    .flatMap(({ text }) => text.replace(/\\\n\s*/g, ' ').split('\n'))
  const inline = [...proseOf(markdown).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
  return [...shell, ...inline].flatMap((line) => {
    const found = line.matchAll(/(?:^|[\s(/])(?:gatehouse|scripts\/start) +((?:--)?[a-z][^|#>)]*)/g)
    return [...found].map(([, words = '']) => words.replace(/'[^']*'|"[^"]*"/g, 'X').trim())
  })
}

function sectionFor(line: string): string | undefined {
  const words = line.startsWith('--') ? ['serve'] : line.split(/\s+/)
  return sections.get(words.slice(0, 2).join(' ')) ?? sections.get(words[0] ?? '')
}

describe('docs/cli.md', () => {
  test('is what scripts/generate_cli_page.ts makes of every --help', async () => {
    expect(page).toBe(await cliPage())
  })

  test('has the commands, their arguments and their options', () => {
    expect(sections.get('tool call')).toContain('gatehouse tool call [options] <tool>')
    expect(sections.get('tool call')).toContain('| `--dry-run` |')
    expect(sections.size).toBeGreaterThan(30)
  })
})

/** The command lines of a page that name a command or a flag that does not exist. */
function unknownIn(markdown: string): string[] {
  return commandLinesOf(markdown).filter((line) => {
    const section = sectionFor(line)
    if (section === undefined) return true
    const common = section.includes('setting](') ? settingFlags : []
    const flags = line.match(/(?<=^|\s)--[a-z-]+/g) ?? []
    const listed = section.includes('●') ? section + connection : section
    const isKnown = (flag: string) =>
      flag === '--json' || common.includes(flag) || new RegExp(`${flag}[ ,\`]`).test(listed)
    return !flags.every(isKnown)
  })
}

test.each(pages)('every command and flag in %s exists', (path) => {
  expect(unknownIn(readPage(path))).toEqual([])
})

test('a command or flag that does not exist is noticed', () => {
  const stale = '`gatehouse tool import` and\n```sh\nscripts/start tool add \\\n  --nam x\n```\n'
  expect(unknownIn(stale)).toEqual(['tool add  --nam x', 'tool import'])
  expect(commandLinesOf(readPage('README.md')).length).toBeGreaterThan(5)
})
