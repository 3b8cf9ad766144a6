/** One thing about an operation that is not as it was. */
export interface FieldChange {
  /** `method`, `host`, `auth`, `query.limit`, `body.address.city`, … by names on the wire. */
  readonly field: string
  /** In a few words; null where it was not there. */
  readonly before: string | null
  /** In a few words; null where it is gone. */
  readonly after: string | null
  /** Whether it needs the operator's word before it is applied (reliability.md case 282). */
  readonly isDangerous: boolean
}

const MAX_TEXT = 160

/** A change that is not dangerous by itself, its texts shortened. */
export function fieldChange(
  field: string,
  before: string | null,
  after: string | null,
): FieldChange {
  return { field, ...shortened(before, after), isDangerous: false }
}

/** Both texts cut to the same part, one in which they differ. */
function shortened(
  before: string | null,
  after: string | null,
): Pick<FieldChange, 'before' | 'after'> {
  if (before === null || after === null) return { before: cut(before, 0), after: cut(after, 0) }
  let same = 0
  while (same < before.length && before[same] === after[same]) same++
  const start = Math.max(before.length, after.length) <= MAX_TEXT ? 0 : Math.max(0, same - 40)
  return { before: cut(before, start), after: cut(after, start) }
}

function cut(text: string | null, start: number): string | null {
  if (text === null || (start === 0 && text.length <= MAX_TEXT)) return text
  const part = text.slice(start, start + MAX_TEXT)
  const isEnd = start + MAX_TEXT >= text.length
  return `${start === 0 ? '' : '…'}${part}${isEnd ? '' : '…'}`.toWellFormed()
}
