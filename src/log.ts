import type { Clock } from './lib/clock.ts'
import { escapeUnprintable } from './lib/printable.ts'
import { plainValue } from './log/plain_value.ts'
import { Redactor, redactionMask } from './log/redactor.ts'

/** How grave an event is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What is known of an event; undefined members are left out. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * Takes events. The event is a fixed snake_case word; everything that varies is a field. No method
 * throws, waits, or costs anything to speak of when its level is filtered out.
 */
export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** A logger together with what its owner alone does. */
export interface RootLogger extends Logger {
  /** Replaces this value in every later event, in its usual encodings too; at least 8 characters. */
  redact(secret: string): void
  /** Hands over now what is waiting; call it before the process ends. */
  flush(): void
}

/** Where events go, and which. */
export interface LoggerOptions {
  readonly format: 'json' | 'text'
  readonly level: LogLevel
  /** Takes whole lines, many at once: every 20 ms on a busy server, at once for warnings. */
  readonly write: (lines: string) => void
  readonly clock: Clock
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const maxFields = 64
const maxPendingChars = 256 * 1024
/** How long a line may wait for company: a system call per line costs more than the line. */
const maxWaitMs = 20

/**
 * Makes a logger: one line per event, control and bidi characters escaped (reliability.md case 34),
 * secrets replaced, long values cut. Lines wait a moment to be written together, warnings do not.
 */
export function createLogger({ format, level, write, clock }: LoggerOptions): RootLogger {
  const redactor = new Redactor()
  const batch = new LineBatch(write)
  const lineOf = format === 'json' ? jsonLine : textLine
  const methodOf = (own: LogLevel) => {
    if (levels.indexOf(own) < levels.indexOf(level)) return ignore
    const isUrgent = own === 'warn' || own === 'error'
    return (event: string, fields: LogFields = {}) => {
      batch.add(lineOf({ timeMs: clock.nowMs(), level: own, event, fields }, redactor))
      if (isUrgent) batch.flush()
    }
  }
  return {
    debug: methodOf('debug'),
    info: methodOf('info'),
    warn: methodOf('warn'),
    error: methodOf('error'),
    redact: (secret) => redactor.register(secret),
    flush: () => batch.flush(),
  }
}

const ignore = () => {}

/** Gathers lines for one write: a busy server logs a line per call. */
class LineBatch {
  private pending = ''
  private isScheduled = false
  private readonly write: (lines: string) => void

  constructor(write: (lines: string) => void) {
    this.write = write
  }

  add(line: string): void {
    this.pending += line
    if (this.pending.length > maxPendingChars) return this.flush()
    if (this.isScheduled) return
    this.isScheduled = true
    setTimeout(() => {
      this.isScheduled = false
      this.flush()
    }, maxWaitMs)
  }

  flush(): void {
    if (this.pending === '') return
    const lines = this.pending
    this.pending = ''
    try {
      this.write(lines)
    } catch {
      // A log that cannot be written must not stop what it tells of.
    }
  }
}

interface LogEvent {
  readonly timeMs: number
  readonly level: LogLevel
  readonly event: string
  readonly fields: LogFields
}

function jsonLine({ timeMs, level, event, fields }: LogEvent, redactor: Redactor): string {
  const time = new Date(timeMs).toISOString()
  const line = `{"time":"${time}","level":"${level}","event":${quoted(redactor.clean(event))}`
  return `${line}${eachField(fields, redactor, (key, json) => `,"${key}":${json}`)}}\n`
}

function textLine({ timeMs, level, event, fields }: LogEvent, redactor: Redactor): string {
  const time = new Date(timeMs).toISOString().slice(11, 23)
  const line = `${time} ${level.toUpperCase().padEnd(5)} ${escapeUnprintable(redactor.clean(event))}`
  return `${line}${eachField(fields, redactor, (key, json) => ` ${key}=${unquoted(json)}`)}\n`
}

function eachField(
  fields: LogFields,
  redactor: Redactor,
  write: (key: string, json: string) => string,
): string {
  let text = ''
  let count = 0
  for (const key in fields) {
    if (count++ >= maxFields) break
    const json = valueJson(fields, key, redactor)
    if (json !== undefined) text += write(keyOf(key), json)
  }
  return text
}

const isWord = /^[a-z][a-z0-9_]{0,63}$/i

/** Keys are the program's own words; anything else is made harmless. */
function keyOf(key: string): string {
  if (key === 'time' || key === 'level' || key === 'event') return `field_${key}`
  return isWord.test(key) ? key : key.slice(0, 64).replace(/[^A-Za-z0-9_.-]/g, '_')
}

/** JSON of a member, undefined where it is to be left out. Never throws, whatever the value does. */
function valueJson(fields: LogFields, key: string, redactor: Redactor): string | undefined {
  try {
    const value = fields[key]
    if (typeof value === 'number' && Number.isFinite(value)) return String(value)
    if (typeof value !== 'string') return escaped(JSON.stringify(plainValue(value, redactor)))
    return redactor.isSecretName(key) ? `"${redactionMask}"` : quoted(redactor.clean(value))
  } catch {
    return '"(unreadable)"'
  }
}

const isPlain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
const quoted = (text: string) => (isPlain.test(text) ? `"${text}"` : escaped(JSON.stringify(text)))
const escaped = <T extends string | undefined>(json: T) =>
  json === undefined ? json : escapeUnprintable(json)

/** Quotes stay where a value would be hard to tell from what follows. */
function unquoted(json: string): string {
  return /^"[^\s"\\=]+"$/.test(json) ? json.slice(1, -1) : json
}
