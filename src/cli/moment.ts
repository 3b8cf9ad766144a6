import { misuse } from './failure.ts'

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}

/** Milliseconds of a span such as `90s`, `15m`, `12h`, `30d` or `2w`; null for any other text. */
function spanMs(text: string): number | null {
  const [, digits, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  const factor = unitMs[unit]
  return digits === undefined || factor === undefined ? null : Number(digits) * factor
}

function dateOf(text: string): string | null {
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? new Date(text) : null
  return date === null || Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** Whole seconds of a span such as `90s` or `15m`, or of `0`. @throws CliFailure */
export function spanSeconds(text: string): number {
  const ms = text === '0' ? 0 : spanMs(text)
  if (ms !== null) return ms / 1000
  throw misuse(`"${text}" is not a span of time`, 'Write 90s, 15m, 12h or 0.')
}

/** A moment before now: `1h` is an hour ago; a date or RFC 3339 time stands for itself. @throws CliFailure */
export function pastMoment(text: string, nowMs: number): string {
  const ms = spanMs(text)
  const moment = ms === null ? dateOf(text) : new Date(nowMs - ms).toISOString()
  if (moment !== null) return moment
  throw misuse(`"${text}" is not a time`, 'Write 15m, 12h, 30d or 2026-01-31T12:00:00Z.')
}

/** A moment after now: `30d` is thirty days ahead. @throws CliFailure */
export function futureMoment(text: string, nowMs: number): string {
  const ms = spanMs(text)
  const moment = ms === null ? dateOf(text) : new Date(nowMs + ms).toISOString()
  if (moment !== null) return moment
  throw misuse(`"${text}" is not a time`, 'Write 12h, 30d or 2026-01-31T12:00:00Z.')
}
