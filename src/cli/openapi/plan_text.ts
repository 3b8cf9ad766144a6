import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { escapeUnprintable } from '../../lib/printable.ts'
import { cell } from '../print.ts'
import { textTable } from '../text_table.ts'
import { becomesTool, type EnableWish, isRead, type Plan, willBeOn } from './plan.ts'

const mostRows = 30

/** What a plan comes to: the document, counts, what the tools cost a model, and a tree of its tags. */
export function planText(plan: Plan, wish: EnableWish, width: number): string {
  const tools = plan.operations.filter(becomesTool)
  const lines = [documentLine(plan.found), '', ...countLines(plan, tools, wish)]
  const tree = treeText(plan, tools, { wish, width })
  return `${lines.map(escapeUnprintable).join('\n')}\n${tree === '' ? '' : `\n${tree}`}`
}

function documentLine({ document }: JsonObject): string {
  if (!isJsonObject(document)) return 'The document'
  const { title, version, spec_version: spec, bytes } = document
  return `${cell(title)} ${cell(version)} (OpenAPI ${cell(spec)}, ${sizeText(Number(bytes))})`
}

/** Bytes for people. */
function sizeText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** A number with its noun, grouped by thousands. */
export const countOf = (count: number, noun: string) =>
  `${numberText(count)} ${noun}${count === 1 ? '' : 's'}`

const numberText = (count: number) => count.toLocaleString('en-US')

function countLines(
  { project, source, found }: Plan,
  tools: readonly JsonObject[],
  wish: EnableWish,
) {
  const counts = isJsonObject(found.counts) ? found.counts : {}
  const count = (name: string) => Number(counts[name] ?? 0)
  const all = `${countOf(count('operations'), 'operation')} in it, ${countOf(tools.length, 'tool')}`
  const lines = [`${all}: ${shareText(tools, wish, true)}, ${shareText(tools, wish, false)}.`]
  if (count('quarantined') > 0) {
    lines.push(`${numberText(count('quarantined'))} cannot become tools; see below.`)
  }
  if (count('left_out') > 0) lines.push(`${numberText(count('left_out'))} are not selected.`)
  if (tools.length > 0) lines.push(...tokenLines(project, tools, wish))
  if (source.applied_import_id !== null) lines.push('', changeLine(count))
  return lines
}

/** `12 reads, on`, or how many of them. */
function shareText(tools: readonly JsonObject[], wish: EnableWish, areReads: boolean): string {
  const those = tools.filter((tool) => isRead(tool) === areReads)
  const on = those.filter((tool) => willBeOn(tool, wish)).length
  const words = countOf(those.length, areReads ? 'read' : 'write')
  if (those.length === 0) return words
  return `${words} (${on === those.length ? 'on' : on === 0 ? 'off' : `${numberText(on)} on`})`
}

const tokensOf = (tools: readonly JsonObject[]) =>
  tools.reduce((sum, { tokens }) => sum + Number(tokens), 0)

function tokenLines(project: JsonObject, tools: readonly JsonObject[], wish: EnableWish) {
  const on = tokensOf(tools.filter((tool) => willBeOn(tool, wish)))
  const all = tokensOf(tools)
  const rest = on === all ? '' : ` (${numberText(all)} if all were on)`
  const line = `Listing those that are on costs a model about ${countOf(on, 'token')}${rest}.`
  const { tool_mode: mode, tool_budget_tokens: budget } = project
  if (mode !== 'auto' || on <= Number(budget)) return [line]
  const words = `That is over the budget of ${numberText(Number(budget))}`
  return [line, `${words}: models search the tools instead of listing them.`]
}

function changeLine(count: (name: string) => number): string {
  const words = ['added', 'changed', 'removed', 'unchanged']
  const dangerous = count('dangerous')
  const warning = dangerous === 0 ? '' : `, ${countOf(dangerous, 'dangerous change')} among them`
  return `Against what is there: ${words.map((word) => `${numberText(count(word))} ${word}`).join(', ')}${warning}.`
}

interface Row {
  readonly name: string
  readonly tools: JsonObject[]
}

interface TreeOptions {
  readonly wish: EnableWish
  readonly width: number
}

/** Tools by tag, a tag under its parent; by the path's beginning where nothing has a tag. */
function treeText(plan: Plan, tools: readonly JsonObject[], options: TreeOptions): string {
  if (tools.length === 0) return ''
  const isTagged = tools.some(({ tags }) => Array.isArray(tags) && tags.length > 0)
  const rows = isTagged ? tagRows(plan.tags, tools) : pathRows(tools)
  const shown = rows.slice(0, mostRows)
  const number = (title: string, of: (row: Row) => number) => ({
    title,
    text: (row: Row) => (row.tools.length === 0 ? '' : numberText(of(row))),
  })
  const columns = [
    { title: isTagged ? 'tag' : 'path', text: (row: Row) => row.name, isFlexible: true },
    number('reads', (row) => row.tools.filter(isRead).length),
    number('writes', (row) => row.tools.filter((tool) => !isRead(tool)).length),
    number('on', (row) => row.tools.filter((tool) => willBeOn(tool, options.wish)).length),
    number('tokens', (row) => tokensOf(row.tools)),
  ]
  const rest = rows.length - shown.length
  const more = rest === 0 ? '' : `… and ${numberText(rest)} more\n`
  return `${textTable(columns, shown, options.width)}${more}`
}

function tagRows(tags: readonly JsonObject[], tools: readonly JsonObject[]): Row[] {
  const ofTag = Map.groupBy(
    tools.flatMap((tool) => tagsOf(tool).map((tag) => [tag, tool] as const)),
    ([tag]) => tag,
  )
  const toolsOf = (tag: string) => (ofTag.get(tag) ?? []).map(([, tool]) => tool)
  const rows: Row[] = []
  const seen = new Set<string>()
  const add = (parent: string | null, depth: number): number => {
    let count = 0
    for (const { name, parent: own } of tags) {
      if ((own ?? null) !== parent || typeof name !== 'string' || seen.has(name)) continue
      seen.add(name)
      const at = rows.push({ name: '  '.repeat(depth) + name, tools: toolsOf(name) }) - 1
      const below = add(name, depth + 1)
      if (below + toolsOf(name).length === 0) rows.splice(at)
      count += below + toolsOf(name).length
    }
    return count
  }
  add(null, 0)
  for (const tag of ofTag.keys()) if (!seen.has(tag)) rows.push({ name: tag, tools: toolsOf(tag) })
  return rows
}

const untagged = '(no tag)'

const tagsOf = ({ tags }: JsonObject): string[] =>
  Array.isArray(tags) && tags.length > 0 ? tags.map(String) : [untagged]

/** `/v1/charges/{id}` is under `/v1/charges`. */
function pathRows(tools: readonly JsonObject[]): Row[] {
  const beginning = ({ path }: JsonObject) =>
    /^(?:\/v?\d[\w.]*)?\/?[^/{?#]*/.exec(String(path))?.[0] || '/'
  return [...Map.groupBy(tools, beginning)].map(([name, own]) => ({ name, tools: own }))
}
