import type { PartReport, Verdict } from './bench.ts'

/** Lines of equal columns; the first column left, the others right. */
export function tableText(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const text = (line: readonly string[]) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
  const [head, ...rest] = lines.map(text)
  return [head, '-'.repeat(head?.length ?? 0), ...rest].join('\n')
}

/** The whole report: each part's table, then every target and whether this run met it. */
export function reportText(title: string, reports: readonly PartReport[]): string {
  const tables = reports.flatMap(({ table }) => (table.length === 0 ? [] : [tableText(table)]))
  const verdicts = reports.flatMap((report) => report.verdicts)
  const lines = verdicts.map(({ what, measured, target, isMet }) => [
    what,
    measured,
    target,
    isMet === null ? '–' : isMet ? 'met' : 'MISSED',
  ])
  const targets = tableText([['target', 'this run', 'wanted', ''], ...lines])
  return `${[title, ...tables, targets, summary(verdicts)].join('\n\n')}\n`
}

function summary(verdicts: readonly Verdict[]): string {
  const met = verdicts.filter(({ isMet }) => isMet === true).length
  return `${met} of ${verdicts.length} targets met`
}
