import type { Database as Connection } from 'bun:sqlite'
import { statSync } from 'node:fs'

/** What the write-ahead log may hold before it is written back by force, in bytes. */
export const maxWalBytes = 256 * 1024 * 1024

/** A write-ahead log that had grown past its bound. */
export interface GrownWal {
  readonly bytes: number
  /** False where another program still reads from it: then it cannot be cut. */
  readonly isCutBack: boolean
}

/**
 * Writes the log back into the database and empties it where it has grown past `maxBytes`; null
 * where it has not. It grows while another program holds a read transaction open, or while writing
 * back fails unseen at every commit (reliability.md case 232).
 * @throws SQLiteError - the disk failed
 */
export function boundWal(connection: Connection, path: string, maxBytes: number): GrownWal | null {
  const bytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (bytes <= maxBytes) return null
  const row = connection.query('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number } | null
  return { bytes, isCutBack: row?.busy === 0 }
}
