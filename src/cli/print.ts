import { isExactNumber, isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { escapeUnprintableLines } from '../lib/printable.ts'
import type { ApiPage } from './api_client.ts'
import type { Surroundings } from './surroundings.ts'
import { type Column, textDetails, textTable } from './text_table.ts'

interface PrintOptions {
  readonly json?: boolean
}

/** An answer for machines, and the same for people. */
interface Shown {
  readonly answer: unknown
  readonly text: () => string
}

/** Prints an answer: as JSON with `--json`, else as the text for people. */
export function print(shown: Shown, options: PrintOptions, { stdout }: Surroundings): void {
  stdout.write(options.json ? `${jsonText(shown.answer)}\n` : shown.text())
}

/** Indented JSON; control and bidi characters that JSON allows bare are escaped too. */
export function jsonText(value: unknown): string {
  return escapeUnprintableLines(JSON.stringify(value, null, 2))
}

/** One page of a list as a table, and how to get the next. */
export function pageText(
  page: ApiPage,
  columns: readonly Column<JsonObject>[],
  surroundings: Surroundings,
): string {
  if (page.items.length === 0) return 'None.\n'
  const table = textTable(columns, page.items, surroundings.columns)
  return page.next_cursor === null ? table : `${table}\nMore: --cursor ${page.next_cursor}\n`
}

/** Every member of an answer with its name, in the order the server gave them. */
export function detailsText(answer: JsonObject): string {
  return textDetails(pairsOf(answer))
}

/** A flat object in the answer is spread out, unless nothing in it is set; anything deeper is JSON. */
function pairsOf(answer: JsonObject, prefix = ''): [string, string][] {
  return Object.entries(answer).flatMap(([name, value]): [string, string][] => {
    const isSpread = prefix === '' && isJsonObject(value) && isFlat(value) && !isUnset(value)
    return isSpread ? pairsOf(value, `${name}_`) : [[labelOf(prefix + name), valueText(value)]]
  })
}

const isFlat = (object: JsonObject) => {
  const values = Object.values(object)
  return values.length > 0 && values.every(isCell)
}

const isUnset = (object: JsonObject) => Object.values(object).every((value) => value === null)

const isCell = (value: JsonValue) =>
  typeof value !== 'object' ||
  value === null ||
  isExactNumber(value) ||
  (Array.isArray(value) && value.every((item) => typeof item === 'string'))

const acronyms: Readonly<Record<string, string>> = {
  id: 'ID',
  api: 'API',
  http: 'HTTP',
  mcp: 'MCP',
  url: 'URL',
}

function labelOf(name: string): string {
  const words = name.split('_').map((word) => acronyms[word] ?? word)
  const [first = '', ...rest] = words
  return [first.slice(0, 1).toUpperCase() + first.slice(1), ...rest].join(' ')
}

function valueText(value: JsonValue): string {
  if (isCell(value)) return cell(value)
  if (isJsonObject(value) && isUnset(value)) return cell(null)
  return JSON.stringify(value, null, 2)
}

/** A value as a table shows it. */
export function cell(value: JsonValue | undefined): string {
  if (value === undefined || value === null || value === '') return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return timeText(value)
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cell).join(', ')
  return JSON.stringify(value)
}

/** A column that shows a member of each item. */
export const column = (title: string, member: string, isFlexible = false): Column<JsonObject> => ({
  title,
  text: (item) => cell(item[member]),
  isFlexible,
})

function timeText(text: string): string {
  const [, date, time] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(text) ?? []
  return date === undefined ? text : `${date} ${time}Z`
}
