import type { SQLiteError } from 'bun:sqlite'

/**
 * What a failure of SQLite means for the store:
 * `full` no room (case 223), `busy` another program holds the lock (case 234), `damaged` what was
 * read is not what was written (case 228), `disk` the disk did not take a write or a sync, so that
 * nobody knows what is on it (cases 225-227), `other` all else.
 */
export type SqliteFault = 'full' | 'busy' | 'damaged' | 'disk' | 'other'

/** First match wins. A short memory is no fault of the disk, whatever SQLite files it under. */
const faults: readonly (readonly [RegExp, SqliteFault])[] = [
  [/^SQLITE_(FULL|IOERR_SHMSIZE)$/, 'full'],
  [/^SQLITE_(BUSY|LOCKED)/, 'busy'],
  [/^SQLITE_(CORRUPT|NOTADB|IOERR_CORRUPTFS|IOERR_DATA|IOERR_READ|IOERR_SHORT_READ)/, 'damaged'],
  [/^SQLITE_IOERR_NOMEM/, 'other'],
  [/^SQLITE_(IOERR|READONLY)/, 'disk'],
]

/** Tells what sort of failure it is, by its extended result code. */
export function faultOf(error: SQLiteError): SqliteFault {
  const code = error.code ?? ''
  return faults.find(([pattern]) => pattern.test(code))?.[1] ?? 'other'
}
