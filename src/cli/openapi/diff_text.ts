import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { escapeUnprintable } from '../../lib/printable.ts'
import { cell } from '../print.ts'
import { objects } from './plan.ts'

const signs: Readonly<Record<string, string>> = { added: '+', changed: '~', removed: '-' }

/**
 * What a plan changes, one tool after the other: `+` added, `~` changed with each field before and
 * after, `-` removed; `!` marks what is dangerous.
 */
export function diffText(operations: readonly JsonObject[], width: number): string {
  const changed = operations.filter(({ change }) => signs[String(change)] !== undefined)
  if (changed.length === 0) return 'Nothing changes.\n'
  const lines = changed.flatMap((one) => [headOf(one), ...objects(one.changes).flatMap(fieldLines)])
  return `${lines.map((line) => cut(escapeUnprintable(line), width)).join('\n')}\n`
}

/** Only what a plan has of dangerous changes; '' for none. */
export function dangerText(operations: readonly JsonObject[], width: number): string {
  const those = operations.filter((one) => one.is_dangerous === true)
  return those.length === 0 ? '' : diffText(those, width)
}

const headOf = (one: JsonObject) =>
  `${signs[String(one.change)]} ${cell(one.name)}  ${cell(one.key)}`

function fieldLines({ field, before, after, is_dangerous: isDangerous }: JsonObject): string[] {
  const mark = isDangerous === true ? '!' : ' '
  return [
    `  ${mark} ${cell(field)}`,
    ...(before === null || before === undefined ? [] : [`      - ${valueText(before)}`]),
    ...(after === null || after === undefined ? [] : [`      + ${valueText(after)}`]),
  ]
}

const valueText = (value: JsonValue) => (typeof value === 'string' ? value : JSON.stringify(value))

function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(20, width) - 1)}…`
}
