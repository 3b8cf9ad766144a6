const dayMs = 86_400_000

/** The UTC day of a moment: whole days since 1970-01-01. */
export const utcDayOf = (ms: number): number => Math.floor(ms / dayMs)

/** When a UTC day begins, in epoch milliseconds. */
export const utcDayStartMs = (day: number): number => day * dayMs

/** The first UTC day of the month that `day` is in. */
export function firstDayOfMonth(day: number): number {
  const date = new Date(day * dayMs)
  return utcDayOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1))
}

/** The first UTC day of the month after the one that `day` is in. */
export function firstDayOfNextMonth(day: number): number {
  const date = new Date(day * dayMs)
  return utcDayOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1))
}

/** A UTC day as `2026-01-31`. */
export const utcDayText = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)
