import { CommanderError } from 'commander'
import { AppError, type ErrorCode, type FieldError } from '../errors.ts'
import { escapeUnprintable, escapeUnprintableLines } from '../lib/printable.ts'

/** What a process ends with: the appliance's own codes, and those of sysexits(3). */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  storeFailed: 70,
  inUse: 75,
  unusable: 78,
} as const

/** A failure of the command line itself, with the exit code it leads to. */
export class CliFailure extends Error {
  readonly exitCode: number
  readonly reason: string | undefined

  constructor(
    exitCode: number,
    message: string,
    options: { reason?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.exitCode = exitCode
    this.reason = options.reason
  }
}

/** A command that cannot be carried out as it was written. */
export const misuse = (message: string, reason?: string) =>
  new CliFailure(exitCodes.usage, message, reason === undefined ? {} : { reason })

/** An answer of the management API that reports a failure (RFC 9457). */
export class ApiFailure extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** What is told of a failure, on a terminal or as JSON. */
export interface Problem {
  readonly detail: string
  readonly code?: string
  readonly status?: number
  readonly reason?: string
  readonly errors?: readonly FieldError[]
  readonly request_id?: string
}

const exitCodeOfCode: Partial<Record<ErrorCode, number>> = {
  validation_failed: exitCodes.usage,
  malformed_json: exitCodes.usage,
  duplicate_key: exitCodes.usage,
  store_locked: exitCodes.inUse,
  clock_behind: exitCodes.inUse,
  store_failed: exitCodes.storeFailed,
  store_unusable: exitCodes.unusable,
  store_too_new: exitCodes.unusable,
  wrong_master_key: exitCodes.unusable,
}

/** The exit code a thrown value leads to. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliFailure) return error.exitCode
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (error instanceof AppError) return exitCodeOfCode[error.code] ?? exitCodes.failed
  return exitCodes.failed
}

/** What may be told of a thrown value. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiFailure) return error.problem
  if (error instanceof AppError) {
    const { code, status, message, reason, errors } = error
    return {
      detail: message,
      code,
      status,
      ...(reason && { reason }),
      ...(errors.length && { errors }),
    }
  }
  if (error instanceof CliFailure) {
    return { detail: error.message, ...(error.reason && { reason: error.reason }) }
  }
  if (error instanceof CommanderError) return usageProblem(error.message)
  return { detail: `Unexpected: ${error instanceof Error ? error.message : String(error)}` }
}

/** The call stack of a failure nobody foresaw, for the report of a bug; '' for every other. */
export function bugStack(error: unknown): string {
  const kinds = [ApiFailure, AppError, CliFailure, CommanderError]
  const isForeseen = !(error instanceof Error) || kinds.some((kind) => error instanceof kind)
  return isForeseen ? '' : `${escapeUnprintableLines(error.stack ?? '')}\n`
}

/** Commander puts its suggestion on a second line. */
function usageProblem(message: string): Problem {
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n')
  const reason = rest.join(' ').replace(/^\((.*)\)$/, '$1')
  return reason === '' ? { detail: first } : { detail: first, reason }
}

/** The lines a terminal shows for a failure; the first is `error: <detail>`. */
export function problemText(problem: Problem): string {
  const lines = [`error: ${problem.detail}`]
  if (problem.reason !== undefined) lines.push(`  ${problem.reason}`)
  for (const { pointer, message } of problem.errors ?? []) {
    // The reason of refused arguments is these very lines, joined for a model.
    if (problem.reason?.includes(message)) continue
    lines.push(message.startsWith(pointer.slice(1)) ? `  ${message}` : `  ${pointer}: ${message}`)
  }
  if (problem.request_id !== undefined) lines.push(`  request id: ${problem.request_id}`)
  return `${lines.map(escapeUnprintable).join('\n')}\n`
}
