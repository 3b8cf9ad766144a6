import { misuse } from './failure.ts'

/** A rate limit as commands take it: calls per minute, or null for `none`. @throws CliFailure */
export function callsPerMinute(text: string): number | null {
  if (text === 'none') return null
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw misuse(`"${text}" is not a limit`, 'Write how many calls per minute, or none.')
}
