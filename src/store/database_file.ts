import { Database as Connection } from 'bun:sqlite'
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { applicationId, createSchema } from './migrate.ts'
import { syncFile } from './migration_backup.ts'
import { notOurs } from './open_failure.ts'

const magic = 'SQLite format 3\0'
const headerBytes = 100
const applicationIdAt = 68

/**
 * Makes a new database at `path` where there is none, at once: it appears whole or not at all, so
 * that an empty file is never a first start cut short (reliability.md case 229).
 * @returns whether there was none
 */
export function createDatabaseFile(path: string): boolean {
  if (existsSync(path)) return false
  const draft = `${path}.new`
  rmSync(draft, { force: true })
  const connection = new Connection(draft, { create: true, readwrite: true })
  try {
    connection.run('PRAGMA journal_mode=MEMORY')
    createSchema(connection)
  } finally {
    connection.close()
  }
  renameSync(draft, path)
  syncFile(dirname(path))
  return true
}

/**
 * Refuses, by its first bytes and before SQLite touches it, a file that is plainly no database of
 * ours. @throws AppError store_unusable (case 229)
 */
export function refuseForeignFile(path: string): void {
  const header = readHeader(path)
  if (header.byteLength === 0) throw notOurs(path, 'file is empty')
  if (header.byteLength < headerBytes || header.toString('latin1', 0, magic.length) !== magic) {
    throw notOurs(path, 'file is not a database')
  }
  const id = header.readUInt32BE(applicationIdAt)
  if (id !== 0 && id !== applicationId) throw notOurs(path, 'file belongs to another program')
}

/** As `refuseForeignFile`, for databases from before they bore a mark: by the tables in them. */
export function refuseForeignTables(path: string, connection: Connection): void {
  const names = connection.query("SELECT name FROM sqlite_schema WHERE type = 'table'").values()
  if (names.length === 0 || names.some(([name]) => name === 'instance')) return
  throw notOurs(path, 'file belongs to another program')
}

function readHeader(path: string): Buffer {
  const header = Buffer.alloc(headerBytes)
  const file = openSync(path, 'r')
  try {
    return header.subarray(0, readSync(file, header, 0, headerBytes, 0))
  } finally {
    closeSync(file)
  }
}
