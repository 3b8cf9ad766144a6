import type { JsonObject } from '../../lib/json.ts'
import { escapeUnprintable } from '../../lib/printable.ts'
import { cell } from '../print.ts'

const headings: Readonly<Record<string, string>> = {
  error: 'Left out',
  warning: 'Taken, but not quite as written',
  note: 'Worth knowing',
}

/** How much is told. */
export interface FindingsLimits {
  /** Places of one finding; the rest is counted. */
  readonly places: number
  /** How to see the notes, which are counted alone then; null to show them. */
  readonly notesBy: string | null
}

/** Everything. */
export const everyFinding: FindingsLimits = {
  places: Number.POSITIVE_INFINITY,
  notesBy: null,
}

/** What an import has to say, grouped by what is the matter: reason, where, and what to do. */
export function findingsText(findings: readonly JsonObject[], limits: FindingsLimits): string {
  const blocks = Object.entries(headings).flatMap(([severity, heading]) => {
    const those = findings.filter((one) => one.severity === severity)
    if (those.length === 0) return []
    if (severity === 'note' && limits.notesBy !== null) {
      const count = `${those.length} ${those.length === 1 ? 'note' : 'notes'}`
      return [`${heading}: ${count}, shown by ${limits.notesBy}\n`]
    }
    const groups = [...Map.groupBy(those, (one) => `${cell(one.code)} ${cell(one.fix)}`).values()]
    const texts = groups.map((group) => groupText(group, limits.places))
    return [`${heading}:\n${texts.join('')}`]
  })
  return blocks.join('\n')
}

function groupText(group: readonly JsonObject[], most: number): string {
  const [first] = group
  if (first === undefined) return ''
  const isSame = group.every(({ reason }) => reason === first.reason)
  const shown = group.slice(0, most)
  const lines = [
    isSame ? `  ${cell(first.reason)}` : `  ${cell(first.code).replaceAll('_', ' ')}`,
    ...shown.flatMap((one) => placeLines(one, !isSame)),
    ...(group.length > shown.length ? [`    … and ${group.length - shown.length} more`] : []),
    `    Fix: ${cell(first.fix)}`,
  ]
  return `${lines.map(escapeUnprintable).join('\n')}\n`
}

function placeLines({ operation, pointer, reason }: JsonObject, withReason: boolean): string[] {
  const where = operation === null ? cell(pointer) : `${cell(operation)}  ${cell(pointer)}`
  return [`    ${where}`, ...(withReason ? [`      ${cell(reason)}`] : [])]
}

/** The operations that must not become tools, by reason. @param most places of one reason */
export function quarantineText(operations: readonly JsonObject[], most: number): string {
  const those = operations.filter((one) => one.is_selected === true && one.quarantine !== null)
  if (those.length === 0) return ''
  const groups = Map.groupBy(those, ({ quarantine }) => asFlag(cell(quarantine)))
  const lines = [...groups].flatMap(([reason, group]) => [
    `  ${reason}`,
    ...group.slice(0, most).map(({ key }) => `    ${cell(key)}`),
    ...(group.length > most ? [`    … and ${group.length - most} more`] : []),
  ])
  const text = lines.map(escapeUnprintable).join('\n')
  return `Quarantined, as no model or upstream would take them:\n${text}\n`
}

/** The setting that the server names, as the command line has it. */
const asFlag = (reason: string) =>
  reason.replace('set base_url in the settings of the source', 'give --base-url')
