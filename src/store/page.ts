/** One page of a list, newest or lowest first as the list says; `next` is where the following starts. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Position of the last item when more follow; null at the end. */
  readonly next: string | null
}

/** Cuts the one row too many that was read to learn whether more follow. */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  position: (row: T) => string,
): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? position(last) : null }
}
