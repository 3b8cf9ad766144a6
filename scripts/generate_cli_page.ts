/**
 * Writes docs/cli.md from what every command says of itself with --help.
 *   bun scripts/generate_cli_page.ts
 */
import { resolve } from 'node:path'
import { runCommandLine } from '../src/cli/program.ts'
import type { Surroundings } from '../src/cli/surroundings.ts'

/** Where the page is kept. */
export const cliPagePath = resolve(import.meta.dir, '../docs/cli.md')

const head = `<!-- Written by scripts/generate_cli_page.ts: change that, not this. -->

# Command line

\`gatehouse\` is the executable that \`scripts/build\` makes. From source it is \`scripts/start\`, which
runs \`serve\` when no command is given. Every command explains itself with \`--help\`.

## What holds for all

* **Answers** go to standard output, everything else to standard error. With \`--json\` an answer is JSON,
  and so is a failure: \`{"error": {"detail": …, "code": …, "reason": …}}\`.
* **Projects, tools, integrations and OpenAPI sources** are named by slug or name, or by id; assertion keys by \`kid\` or
  id, members by external id or id. \`--project\` may be left out while there is only one.
* **Lists** come in pages of 50; \`--limit\` goes to 200, and the last line gives the \`--cursor\` of the
  next page.
* **Spans** are \`90s\`, \`15m\`, \`12h\`, \`30d\` or \`2w\`; a date or RFC 3339 time works too.
* **Exit codes**: 0 done, 1 failed, 2 usage or settings, 3 no server, 75 data directory in use, 78 wrong
  key, newer database or unusable data directory.
* **Completion**: \`source <(gatehouse completion bash)\`, or zsh, fish, powershell.

## Connection

Commands marked with ● speak to a server. Without these options it is the one that runs for the data
directory, through its socket; if none runs, the command opens the data directory itself. \`bootstrap\`
makes the directory if need be; \`healthcheck\` wants a server.

| option | |
|---|---|
`

const tail = `
\`--url\` is \`--server\` alone where \`--url\` means something else. Variables and the settings file work as for
the server; see [configuration.md](configuration.md).
`

/** An option, argument or command: how it is written, and what is said of it. */
type Item = readonly [term: string, text: string]

/** What help says of one command. */
interface Help {
  /** As typed: `tool add [options]`. */
  readonly usage: string
  readonly about: string
  readonly groups: ReadonlyMap<string, readonly Item[]>
}

async function helpOf(words: readonly string[]): Promise<Help> {
  let text = ''
  const stdout = { isTerminal: false, write: (part: string) => (text += part) }
  const surroundings = { stdout, stderr: stdout, columns: 100 } as unknown as Surroundings
  await runCommandLine([...words, '--help'], surroundings)
  return parseHelp(text)
}

function parseHelp(text: string): Help {
  const [usage = '', ...blocks] = text.trimEnd().split(/\n\n(?! )/)
  const about = blocks.filter((block) => !/^[^\n]+:\n/.test(block)).join(' ')
  const groups = blocks.flatMap((block) => {
    const [, title, items] = /^([^\n]+):\n([\s\S]+)$/.exec(block) ?? []
    return title === undefined ? [] : [[title, itemsOf(items ?? '')] as const]
  })
  return { usage: usage.replace(/^Usage: gatehouse /, ''), about, groups: new Map(groups) }
}

function itemsOf(text: string): Item[] {
  const items: [string, string][] = []
  for (const line of text.split('\n')) {
    const [, term, description = ''] = /^ {2}(\S.*?)(?: {2,}(.*))?$/.exec(line) ?? []
    const last = items.at(-1)
    if (term !== undefined) items.push([term, description])
    else if (last !== undefined) last[1] = `${last[1]} ${line.trim()}`.trim()
  }
  return items
}

const isOptionGroup = (title: string) => /^(Arguments|Options|Connection|Settings)/.test(title)

const isNoise = ([term]: Item) => /^(-h, --help|--json$|help \[command\])/.test(term)

/** The commands below a command, by the group they stand in. */
function commandsOf(help: Help): [string, string[]][] {
  const groups = [...help.groups].filter(([title]) => !isOptionGroup(title))
  return groups.map(([title, items]) => [
    title,
    items.filter((item) => !isNoise(item)).flatMap(([term]) => term.split(' ').slice(0, 1)),
  ])
}

const cell = (text: string) => text.replaceAll('|', '\\|')
const row = ([term, text]: Item) => `| \`${cell(term)}\` | ${cell(text)} |\n`
const table = (items: readonly Item[]) => `\n| | |\n|---|---|\n${items.map(row).join('')}`

async function entriesOf(words: readonly string[]): Promise<string> {
  const help = await helpOf(words)
  const below = commandsOf(help).flatMap(([, names]) => names)
  if (below.length > 0) {
    const entries: string[] = []
    for (const name of below) entries.push(await entriesOf([...words, name]))
    return entries.join('\n')
  }
  return entryOf(words, help)
}

function entryOf(words: readonly string[], help: Help): string {
  const mark = help.groups.has('Connection') ? ' ●' : ''
  const own = [...(help.groups.get('Arguments') ?? []), ...(help.groups.get('Options') ?? [])]
  const items = own.filter((item) => !isNoise(item))
  const hasSettings = [...help.groups.keys()].some((title) => title.startsWith('Settings'))
  const settings = hasSettings
    ? '\nEvery [setting](configuration.md#settings) is a flag, and `--config` names the settings file.\n'
    : ''
  const usage = `\n\`\`\`text\ngatehouse ${help.usage}\n\`\`\`\n`
  const about = `\n${help.about.slice(0, 1).toUpperCase()}${help.about.slice(1)}.${mark}\n`
  const heading = `### gatehouse ${words.join(' ')}\n`
  return `${heading}${about}${usage}${items.length === 0 ? '' : table(items)}${settings}`
}

/** The whole page as Markdown. */
export async function cliPage(): Promise<string> {
  const { groups } = await helpOf(['project', 'list'])
  let page = head + (groups.get('Connection') ?? []).map(row).join('') + tail
  for (const [title, names] of commandsOf(await helpOf([]))) {
    page += `\n## ${title}\n`
    for (const name of names) page += `\n${await entriesOf([name])}`
  }
  return page
}

if (import.meta.main) await Bun.write(cliPagePath, await cliPage())
