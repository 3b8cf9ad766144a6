import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { cell } from './print.ts'

/** The phases of an attempt in order: the letter of its bar, its member, and what people call it. */
const phases = [
  ['q', 'queue_ms', 'waiting for a turn'],
  ['d', 'dns_ms', 'name lookup'],
  ['c', 'connect_ms', 'connecting'],
  ['t', 'tls_ms', 'TLS'],
  ['w', 'first_byte_ms', 'waiting for the answer'],
  ['r', 'body_ms', 'reading it'],
] as const

/** Leaves room for the words beside it on 80 columns. */
const barWidth = 32

/** Every attempt of a run on one scale of time, a line of words and a bar each; '' without any. */
export function waterfallText(run: JsonObject): string {
  const attempts = Array.isArray(run.timeline) ? run.timeline.filter(isJsonObject) : []
  if (attempts.length === 0) return ''
  const wholeMs = Math.max(1, ...attempts.map((each) => numberOf(each.started_ms) + spanMs(each)))
  const used = new Set<string>()
  const lines = attempts.flatMap((attempt, index) => [
    `${index + 1}. ${headline(attempt, run)}`,
    `   |${barOf(attempt, wholeMs, used)}| ${phasesText(attempt)}`,
  ])
  const key = phases
    .filter(([letter]) => used.has(letter))
    .map(([letter, , word]) => `${letter} ${word}`)
  return [`Attempts, on a scale of ${msText(wholeMs)}`, ...lines, `   ${key.join(', ')}`, ''].join(
    '\n',
  )
}

/** What became of an attempt, and what followed. */
function headline(attempt: JsonObject, run: JsonObject): string {
  const { started_ms: at, status, error_code: code, error_reason: reason } = attempt
  const what =
    typeof status === 'number' && code === null ? `answered ${status}` : failureText(attempt)
  const why = typeof reason === 'string' ? ` (${cell(code)}: ${reason.replace(/\.$/, '')})` : ''
  return `after ${msText(numberOf(at))}: ${what}${why}${sequelText(attempt.next, run)}`
}

function failureText({ was_sent: wasSent, status }: JsonObject): string {
  if (wasSent !== true) return 'not sent'
  return typeof status === 'number' ? `sent, answer ${status} incomplete` : 'sent, no answer'
}

const sequels: Readonly<Record<string, string>> = {
  retried: 'tried again',
  last_attempt: 'not tried again: no further attempt is allowed',
  no_time: "not tried again: the tool's timeout leaves no time",
  retry_budget: 'not tried again: too many retries to this upstream just now',
  upstream_down: 'not tried again: calls to this upstream are stopped (gatehouse upstream list)',
}

function sequelText(next: JsonValue | undefined, run: JsonObject): string {
  if (typeof next !== 'string') return ''
  if (next !== 'not_repeatable') return next in sequels ? `; ${sequels[next]}` : ''
  const isRead = run.http_method === 'GET'
  return isRead ? '; not tried again' : '; not tried again: it might be done twice'
}

function barOf(attempt: JsonObject, wholeMs: number, used: Set<string>): string {
  const column = (ms: number) => Math.round((ms / wholeMs) * barWidth)
  let atMs = numberOf(attempt.started_ms)
  let bar = ' '.repeat(Math.min(barWidth - 1, column(atMs)))
  for (const [letter, member] of phases) {
    const ms = numberOf(attempt[member])
    if (ms === 0) continue
    used.add(letter)
    atMs += ms
    // A phase too short for the scale is still there, where it has room.
    bar += letter.repeat(Math.max(1, column(atMs) - bar.length))
  }
  return bar.slice(0, barWidth).padEnd(barWidth)
}

function phasesText(attempt: JsonObject): string {
  const parts = phases
    .filter(([, member]) => numberOf(attempt[member]) > 0)
    .map(([letter, member]) => `${letter} ${msText(numberOf(attempt[member]))}`)
  if (attempt.reused_connection === true) parts.push('open connection')
  if (numberOf(attempt.bytes) > 0) parts.push(`${cell(attempt.bytes)} bytes`)
  return parts.join(', ')
}

const spanMs = (attempt: JsonObject) =>
  phases.reduce((sum, [, member]) => sum + numberOf(attempt[member]), 0)

const numberOf = (value: JsonValue | undefined) => (typeof value === 'number' ? value : 0)

const msText = (ms: number) =>
  ms >= 1_000 ? `${Math.round(ms / 10) / 100} s` : `${Math.round(ms * 10) / 10} ms`
