import type { Command } from 'commander'
import type { JsonObject } from '../lib/json.ts'
import { misuse } from './failure.ts'
import { given } from './given.ts'

/** What `limitOptions` yields. */
export interface LimitOptions {
  readonly callsPerMinute?: string
  readonly callsPerDay?: string
  readonly callsPerMonth?: string
  readonly maxConcurrent?: string
}

/** Adds the options that set usage limits. */
export function limitOptions(command: Command): Command {
  return command
    .option('--calls-per-minute <n>', 'calls it may make a minute, or none')
    .option('--calls-per-day <n>', 'calls it may make a UTC day, or none')
    .option('--calls-per-month <n>', 'calls it may make a calendar month (UTC), or none')
    .option('--max-concurrent <n>', 'calls it may have under way at a time, or none')
}

/** The `limits` member that the options ask for; without it where they ask for nothing. @throws CliFailure */
export function limitsOf(options: LimitOptions): JsonObject {
  const { callsPerMinute, callsPerDay, callsPerMonth, maxConcurrent } = options
  const limits = given({
    calls_per_minute: limitOf(callsPerMinute),
    calls_per_day: limitOf(callsPerDay),
    calls_per_month: limitOf(callsPerMonth),
    max_concurrent: limitOf(maxConcurrent),
  })
  return Object.keys(limits).length === 0 ? {} : { limits }
}

function limitOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined
  if (text === 'none') return null
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text)
  throw misuse(`"${text}" is not a limit`, 'Write a number of calls, or none.')
}
