/** The middle value; of two middle ones the lower. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}

/** The median of quotients of values taken side by side; null where any of them is not known. */
export function medianRatio(
  values: readonly (number | null)[],
  bases: readonly (number | null)[],
): number | null {
  const ratios = values.flatMap((value, index) => {
    const base = bases[index]
    return value === null || base === null || base === undefined ? [] : [value / base]
  })
  return ratios.length === 0 || ratios.length < values.length ? null : median(ratios)
}

/** The median of known values; null where any is not known. */
export function medianOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === values.length && known.length > 0 ? median(known) : null
}
