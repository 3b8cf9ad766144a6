import { Database as Connection, SQLiteError } from 'bun:sqlite'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { boundWal, maxWalBytes } from './bound_wal.ts'
import { lockDirectory } from './data_directory.ts'
import type { Database } from './database.ts'
import { createDatabaseFile, refuseForeignFile, refuseForeignTables } from './database_file.ts'
import { createSchema, migrate, versionToUpgrade } from './migrate.ts'
import { backUpBeforeMigration } from './migration_backup.ts'
import { openFailure } from './open_failure.ts'
import { SqliteDatabase } from './sqlite_database.ts'
import { StorageReserve } from './storage_reserve.ts'
import type { OnStoreEvent, StoreState } from './store_event.ts'

/** An open store and what closing it takes. */
export interface OpenStore {
  readonly database: Database
  /**
   * Brings an older database to this binary's schema, after a copy of it was made beside it; called
   * once the master key is proven right. Gives the path of the copy, null where nothing was older.
   * @throws AppError store_unavailable, storage_full, store_failed
   */
  migrate(): string | null
  /** How the store is. */
  state(): StoreState
  /** Sets room aside on the disk for the outcomes of calls under way when it fills up (case 224). */
  keepReserve(): Promise<void>
  close(): Promise<void>
}

/** How often the size of the write-ahead log is looked at. */
const walCheckMs = 10_000

/** What a store is told besides its directory. */
export interface StoreOptions {
  readonly onEvent?: OnStoreEvent
  /** What the write-ahead log may hold, and how often it is looked at; tests pass their own. */
  readonly wal?: { readonly maxBytes: number; readonly checkMs: number }
}

/**
 * Opens the store in a data directory, creating it as needed.
 * @throws AppError store_locked, store_too_new, store_unusable, storage_full, store_failed or
 * store_unavailable - the database is as it was
 */
export function openSqlite(dataDir: string, options: StoreOptions = {}): OpenStore {
  const lock = lockDirectory(dataDir)
  try {
    const path = join(dataDir, 'gatehouse.db')
    const reserve = new StorageReserve(join(dataDir, 'reserve'))
    const opened = openDatabase(path, reserve)
    const { connection } = opened
    const database = new SqliteDatabase(connection, { ...options, reserve })
    const watch = watchWal({ connection, path, database }, options)
    return {
      database,
      migrate: () => upgrade(path, opened),
      state: () => database.state(),
      keepReserve: () => reserve.keep(),
      close: async () => {
        clearInterval(watch)
        await reserve.end()
        await database.close().finally(() => lock.close())
      },
    }
  } catch (error) {
    lock.close()
    throw error
  }
}

interface Opened {
  readonly connection: Connection
  /** Whether this very start made the database. */
  readonly isNew: boolean
}

/** A disk that is full from the start gets the room held back: opening writes a little. */
function openDatabase(path: string, reserve: StorageReserve): Opened {
  try {
    return openOnce(path)
  } catch (error) {
    const isFull = error instanceof AppError && error.code === 'storage_full'
    if (!isFull || !reserve.release()) throw error
    return openOnce(path)
  }
}

function openOnce(path: string): Opened {
  let connection: Connection | null = null
  try {
    const isNew = createDatabaseFile(path)
    refuseForeignFile(path)
    connection = new Connection(path, { readwrite: true })
    // First of all: what follows may have to wait for a lock.
    connection.run('PRAGMA busy_timeout=250')
    refuseForeignTables(path, connection)
    configure(path, connection)
    createSchema(connection)
    return { connection, isNew }
  } catch (cause) {
    connection?.close()
    throw openFailure(path, cause)
  }
}

/** @throws AppError store_unusable - commits would not survive a power cut here (case 222) */
function configure(path: string, connection: Connection): void {
  const mode = connection.query('PRAGMA journal_mode=WAL').get() as { journal_mode: string }
  connection.run('PRAGMA synchronous=FULL')
  connection.run('PRAGMA foreign_keys=ON')
  connection.run('PRAGMA wal_autocheckpoint=4000')
  connection.run('PRAGMA cache_size=-16384')
  const sync = connection.query('PRAGMA synchronous').get() as { synchronous: number }
  if (mode.journal_mode === 'wal' && sync.synchronous >= 2) return
  throw new AppError('store_unusable', {
    reason: `${path}: a commit would not be safe on this file system (journal ${mode.journal_mode}, synchronous ${sync.synchronous}). Use a local disk.`,
  })
}

function upgrade(path: string, { connection, isNew }: Opened): string | null {
  try {
    connection.run('PRAGMA busy_timeout=250')
    const version = versionToUpgrade(connection)
    const isOlder = version !== null && !isNew
    const backup = isOlder ? backUpBeforeMigration(connection, path, version) : null
    migrate(connection)
    connection.run('PRAGMA busy_timeout=0')
    return backup
  } catch (cause) {
    throw openFailure(path, cause)
  }
}

interface Watched {
  readonly connection: Connection
  readonly path: string
  readonly database: SqliteDatabase
}

function watchWal({ connection, path, database }: Watched, options: StoreOptions): Timer {
  const { maxBytes, checkMs } = options.wal ?? { maxBytes: maxWalBytes, checkMs: walCheckMs }
  const look = () => {
    if (database.state().status === 'store_failed') return
    try {
      const grown = boundWal(connection, path, maxBytes)
      if (grown !== null) options.onEvent?.({ kind: 'wal_grown', ...grown })
    } catch (error) {
      if (!(error instanceof SQLiteError)) throw error
      database.met(error)
    }
  }
  const timer = setInterval(look, checkMs)
  timer.unref()
  return timer
}
