import type { Config } from '../config.ts'
import { createLogger, type LogLevel, type RootLogger } from '../log.ts'
import type { Surroundings } from './surroundings.ts'

/** A logger on standard error, in the format asked for; it knows the configured secrets. */
export function openLogger(
  config: Config,
  { stderr, nowMs }: Surroundings,
  level: LogLevel,
): RootLogger {
  const auto = stderr.isTerminal ? 'text' : 'json'
  const logger = createLogger({
    format: config.logFormat === 'auto' ? auto : config.logFormat,
    level,
    write: (lines) => stderr.write(lines),
    clock: { nowMs, monotonicMs: () => performance.now() },
  })
  if (config.adminToken !== null) logger.redact(config.adminToken)
  if (config.oidcClientSecret !== null) logger.redact(config.oidcClientSecret)
  if (config.masterKey !== null) redactKey(config.masterKey, logger)
  return logger
}

/** As `openLogger`, for commands that answer on standard output: only warnings and errors. */
export function cliLogger(config: Config, surroundings: Surroundings): RootLogger {
  return openLogger(config, surroundings, config.logLevel === 'error' ? 'error' : 'warn')
}

function redactKey(key: Uint8Array, logger: RootLogger): void {
  logger.redact(key.toHex())
  logger.redact(key.toBase64().replace(/=+$/, ''))
  logger.redact(key.toBase64({ alphabet: 'base64url' }))
}
