import type { LoggingLevel } from '@modelcontextprotocol/server'
import type { AppError } from '../errors.ts'
import { isWanted } from './log_level.ts'

/** What a caller asked to be told of a call while it runs; null where it did not ask. */
export interface Interest {
  readonly progressToken: string | number | null
  readonly logLevel: LoggingLevel | null
  readonly tool: string
  /** The tool's timeout: what progress counts towards. */
  readonly timeoutMs: number
}

/** How a call ended, as far as a log message tells it. */
export interface CallEnding {
  readonly runId: string | null
  readonly upstreamStatus: number | null
  readonly durationMs: number | null
  readonly error: AppError | null
}

/** Notifications at the beginning of a call, as JSON-RPC text. */
export function noticesAtStart(interest: Interest): string[] {
  return logNotice(interest, 'info', { message: `${interest.tool}: the call begins` })
}

/** Notifications of a call that is still under way. */
export function noticesWhileWaiting(interest: Interest, elapsedMs: number): string[] {
  const seconds = Math.round(elapsedMs / 100) / 10
  const message = `Waiting for the API, ${seconds} s so far`
  const log = logNotice(interest, 'debug', { message, elapsed_seconds: seconds })
  const { progressToken, timeoutMs } = interest
  if (progressToken === null) return log
  const params = { progressToken, progress: seconds, total: timeoutMs / 1000, message }
  return [notice('notifications/progress', params), ...log]
}

/** Notifications before the result of a call. */
export function noticesAtEnd(interest: Interest, ending: CallEnding): string[] {
  const { error, runId, upstreamStatus, durationMs } = ending
  const facts = { run_id: runId, status: upstreamStatus, duration_ms: durationMs }
  if (error === null) {
    const message = `${interest.tool}: the API answered ${upstreamStatus}`
    return logNotice(interest, 'info', { message, ...facts })
  }
  const message = `${interest.tool}: ${error.message}`
  return logNotice(interest, 'error', { message, code: error.code, ...facts })
}

function logNotice(interest: Interest, level: LoggingLevel, data: object): string[] {
  const { logLevel } = interest
  if (logLevel === null || !isWanted(level, logLevel)) return []
  return [notice('notifications/message', { level, logger: 'gatehouse', data })]
}

const notice = (method: string, params: object) =>
  JSON.stringify({ jsonrpc: '2.0', method, params })
