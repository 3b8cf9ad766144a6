import type { DocumentScore } from './judge_document.ts'

const percent = (part: number, whole: number) =>
  whole === 0 ? '100' : ((100 * part) / whole).toFixed(part === whole ? 0 : 2)

/** The table of how every document fared. */
export function scoreboard(scores: readonly DocumentScore[]): string {
  const rows = scores.map((one) => [
    one.document,
    one.operations,
    percent(one.imported, one.operations),
    percent(one.portable, one.tools),
    `${one.exact}/${one.calls}`,
    percent(one.exact, one.calls),
    one.importCpuSeconds.toFixed(2),
    one.importSeconds.toFixed(2),
    one.totalSeconds.toFixed(1),
    one.listBytes,
    one.tokens,
  ])
  const sum = (field: (one: DocumentScore) => number) =>
    scores.reduce((all, one) => all + field(one), 0)
  const exact = sum((one) => one.exact)
  const calls = sum((one) => one.calls)
  const operations = sum((one) => one.operations)
  rows.push([
    'all',
    operations,
    percent(
      sum((one) => one.imported),
      operations,
    ),
    percent(
      sum((one) => one.portable),
      sum((one) => one.tools),
    ),
    `${exact}/${calls}`,
    percent(exact, calls),
    sum((one) => one.importCpuSeconds).toFixed(2),
    sum((one) => one.importSeconds).toFixed(2),
    sum((one) => one.totalSeconds).toFixed(1),
    sum((one) => one.listBytes),
    sum((one) => one.tokens),
  ])
  const head = ['document', 'operations', 'imported %', 'portable %', 'requests', 'exact %']
  const table = [[...head, 'import CPU s', 'import s', 'total s', 'list bytes', 'tokens'], ...rows]
  const widths = table[0]?.map((_, column) =>
    Math.max(...table.map((row) => String(row[column]).length)),
  )
  return table
    .map((row) =>
      row.map((cell, column) => pad(String(cell), widths?.[column] ?? 0, column)).join('  '),
    )
    .join('\n')
}

const pad = (text: string, width: number, column: number) =>
  column === 0 ? text.padEnd(width) : text.padStart(width)
