import { Database as Connection, SQLiteError } from 'bun:sqlite'
import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { openFailure } from './open_failure.ts'

/** What keeps other processes out of a data directory. */
export interface DirectoryLock {
  close(): void
}

/**
 * Takes a data directory for this process, made as needed. A held lock file keeps a second server
 * out; kill -9 frees it (reliability.md case 233).
 * @throws AppError store_locked, store_unusable - others may look into it (case 241)
 */
export function lockDirectory(dataDir: string): DirectoryLock {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    refuseOpenDirectory(dataDir)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw unusable(`${dataDir}: ${messageOf(cause)}.`, cause)
  }
  const lock = lockFile(join(dataDir, 'lock.db'), dataDir)
  try {
    closeFiles(dataDir)
    return lock
  } catch (error) {
    lock.close()
    throw error
  }
}

/** Backups, logs of the database and the key stand there: nobody else may even list them. */
function refuseOpenDirectory(dataDir: string): void {
  const { mode } = statSync(dataDir)
  if ((mode & 0o077) === 0) return
  throw unusable(
    `${dataDir} is open to other users (mode ${(mode & 0o777).toString(8).padStart(4, '0')}). ` +
      `Run "chmod 700 ${dataDir}", or name a directory inside it, which Gatehouse makes itself.`,
  )
}

function lockFile(path: string, dataDir: string): Connection {
  let lock: Connection | null = null
  try {
    lock = new Connection(path, { create: true, readwrite: true })
    // Nothing is ever written there; a journal would take room that a full disk does not have.
    lock.run('PRAGMA journal_mode=MEMORY')
    lock.run('BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock?.close()
    if (!(cause instanceof SQLiteError) || cause.code !== 'SQLITE_BUSY') {
      throw openFailure(path, cause)
    }
    throw new AppError('store_locked', {
      reason: `Another Gatehouse process holds ${dataDir}. Stop it, or name another data directory.`,
      cause,
    })
  }
}

/** A copy put back by hand may be open to others: whatever Gatehouse made is closed again. */
function closeFiles(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    if (!/^(gatehouse\.db|lock\.db|master\.key|setup-url|reserve)/.test(name)) continue
    const path = join(dataDir, name)
    const stats = lstatSync(path)
    if (!stats.isFile() || (stats.mode & 0o077) === 0) continue
    try {
      chmodSync(path, 0o600)
    } catch (cause) {
      throw unusable(`${path} is open to other users: ${messageOf(cause)}.`, cause)
    }
  }
}

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))

const unusable = (reason: string, cause?: unknown) =>
  new AppError('store_unusable', { reason, ...(cause === undefined ? {} : { cause }) })
