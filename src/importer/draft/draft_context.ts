import type { ImportSettings, OperationOverride } from '../../model/openapi_source.ts'
import type { ApiDocument, ApiOperation } from '../api_document.ts'
import type { ImportFinding } from '../import_finding.ts'

/** What the drafting of one operation reads, and where it says what it found. */
export interface DraftContext {
  readonly document: ApiDocument
  readonly operation: ApiOperation
  readonly settings: ImportSettings
  readonly override: OperationOverride
  /** Grows while the operation is drafted. */
  readonly findings: ImportFinding[]
}

/** What a finding says of an operation; `pointer` is below the operation's own, `/parameters/0`. */
export interface Remark extends Omit<ImportFinding, 'operation' | 'pointer'> {
  readonly pointer?: string
}

/** Puts a finding about the operation on record. */
export function remark(context: DraftContext, said: Remark): void {
  const { key, pointer } = context.operation
  const { pointer: below = '', ...rest } = said
  context.findings.push({ ...rest, operation: key, pointer: `${pointer}${below}` })
}
