import type { LoggingLevel } from '@modelcontextprotocol/server'
import type { Principal } from '../model/principal.ts'

/** Levels of log messages to clients, least severe first (RFC 5424). */
const levels: readonly LoggingLevel[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
]

/** Whether a value names a level. */
export function isLogLevel(value: unknown): value is LoggingLevel {
  return (levels as readonly unknown[]).includes(value)
}

/** Whether a message of a level goes to a caller that asked for `wanted` and above. */
export function isWanted(level: LoggingLevel, wanted: LoggingLevel): boolean {
  return levels.indexOf(level) >= levels.indexOf(wanted)
}

/** Sessions remembered at most; beyond, the one that asked longest ago is told nothing more. */
const MAX_SESSIONS = 1_000

/** Whose level it is. */
export interface LogListener {
  readonly principal: Principal
  readonly headers: Headers
}

/**
 * What `logging/setLevel` asked for. The door keeps no sessions: the id given out at `initialize` is
 * only a name by which a client can be told more than its neighbour with the same key. Levels live in
 * memory; after a restart nobody is told anything until they ask again. Clients of 2026-07-28 name
 * the level in each request instead.
 */
export class LogLevels {
  private readonly levels = new Map<string, LoggingLevel>()

  /** Remembers a level. */
  set(listener: LogListener, level: LoggingLevel): void {
    const name = nameOf(listener)
    this.levels.delete(name)
    this.levels.set(name, level)
    const [oldest] = this.levels.keys()
    if (this.levels.size > MAX_SESSIONS && oldest !== undefined) this.levels.delete(oldest)
  }

  /** The level asked for; null when none was. */
  of(listener: LogListener): LoggingLevel | null {
    if (this.levels.size === 0) return null
    return this.levels.get(nameOf(listener)) ?? null
  }
}

function nameOf({ principal, headers }: LogListener): string {
  const { integrationId, apiKeyId, member } = principal
  const session = headers.get('mcp-session-id')?.slice(0, 64)
  return JSON.stringify([integrationId, apiKeyId, member?.externalId, session])
}
