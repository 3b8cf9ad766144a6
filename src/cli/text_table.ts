import { escapeUnprintable } from '../lib/printable.ts'

const gap = '  '

/** One column of a table. */
export interface Column<T> {
  readonly title: string
  readonly text: (item: T) => string
  /** Gives way where the terminal is too narrow, the last such column first. */
  readonly isFlexible?: boolean
}

/** Aligned columns under their titles, cut to `width`; one line per item. */
export function textTable<T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  width: number,
): string {
  const rows = [
    columns.map((column) => column.title.toUpperCase()),
    ...items.map((item) => columns.map((column) => escapeUnprintable(column.text(item)))),
  ]
  const widths = fit(columns, rows, width)
  const lineOf = (row: readonly string[]) =>
    row.map((cell, index) => pad(cut(cell, widths[index] ?? 0), widths[index] ?? 0)).join(gap)
  return `${rows.map((row) => lineOf(row).trimEnd()).join('\n')}\n`
}

function fit<T>(columns: readonly Column<T>[], rows: readonly string[][], width: number): number[] {
  const widths = columns.map((_, index) =>
    Math.max(...rows.map((row) => Bun.stringWidth(row[index] ?? ''))),
  )
  const total = widths.reduce((sum, each) => sum + each, gap.length * (columns.length - 1))
  let excess = total - width
  for (const index of columns.keys().toArray().reverse()) {
    if (!columns[index]?.isFlexible || excess <= 0) continue
    const full = widths[index] ?? 0
    const narrowed = Math.max(Math.min(full, 12), full - excess)
    excess -= full - narrowed
    widths[index] = narrowed
  }
  return widths
}

/** Names and values, aligned; a value of several lines keeps its indent. */
export function textDetails(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  const indent = ' '.repeat(width + gap.length)
  const lines = pairs.map(([name, value]) => {
    const [first = '', ...rest] = value.split('\n').map(escapeUnprintable)
    return [`${name.padEnd(width)}${gap}${first}`, ...rest.map((line) => indent + line)].join('\n')
  })
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - Bun.stringWidth(text)))
}

function cut(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text
  let kept = ''
  for (const character of text) {
    if (Bun.stringWidth(kept + character) > width - 1) break
    kept += character
  }
  return `${kept}…`
}
