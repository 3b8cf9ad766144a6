/** Something an import has to say about a document. */
export interface ImportFinding {
  /** `error`: left out. `warning`: imported, but not quite as written. `note`: worth knowing. */
  readonly severity: 'error' | 'warning' | 'note'
  /** A word for machines: `method_left_out`, `dangling_reference`, … */
  readonly code: string
  /** The key of the operation it concerns; null for the document. */
  readonly operation: string | null
  /** JSON pointer into the document, `#/…`; with the file before `#` in a bundle. */
  readonly pointer: string
  /** What is the matter, in one sentence. */
  readonly reason: string
  /** What to do about it, in one sentence. */
  readonly fix: string
}
