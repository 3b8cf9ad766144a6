import type { ImportFinding } from '../import_finding.ts'

/** Most findings a document may have; the rest is counted in one more. */
const maxFindings = 2_000

/** What there is to say about a place of a document; `operation` is added by the list. */
export type Remark = Omit<ImportFinding, 'operation' | 'severity'>

/** Collects findings: each once, in order, and at most `maxFindings` of them. */
export class FindingList {
  /** Key of the operation that is being read; null outside of any. */
  operation: string | null = null
  private readonly kept: ImportFinding[] = []
  private readonly seen = new Set<string>()
  private dropped = 0

  /** Adds what makes a part left out. */
  error(remark: Remark): void {
    this.add('error', remark)
  }

  /** Adds what is imported otherwise than written. */
  warning(remark: Remark): void {
    this.add('warning', remark)
  }

  /** Adds what is worth knowing. */
  note(remark: Remark): void {
    this.add('note', remark)
  }

  /** The findings so far, and a last one that counts those left out. */
  list(): readonly ImportFinding[] {
    if (this.dropped === 0) return this.kept
    const rest: ImportFinding = {
      severity: 'warning',
      code: 'more_findings',
      operation: null,
      pointer: '#',
      reason: `${this.dropped} more findings are not listed.`,
      fix: 'Mend the listed ones first, then import again.',
    }
    return [...this.kept, rest]
  }

  private add(severity: ImportFinding['severity'], remark: Remark): void {
    const identity = `${remark.code}\n${remark.pointer}\n${remark.reason}`
    if (this.seen.has(identity)) return
    if (this.kept.length >= maxFindings) {
      this.dropped++
      return
    }
    this.seen.add(identity)
    this.kept.push({
      severity,
      code: remark.code,
      operation: this.operation,
      pointer: shortened(remark.pointer, 1_000),
      reason: shortened(remark.reason, 500),
      fix: shortened(remark.fix, 500),
    })
  }
}

/** A text of at most `maxLength` characters, with an ellipsis where it was cut. */
function shortened(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`.toWellFormed()
}
