import { Database as Connection, SQLiteError } from 'bun:sqlite'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import type { Database } from './database.ts'
import { createSchema, migrate } from './migrate.ts'
import { type OnStoreFailure, SqliteDatabase } from './sqlite_database.ts'

/** An open store and what closing it takes. */
export interface OpenStore {
  readonly database: Database
  /** Brings an older database to this binary's schema; called once the master key is proven right. */
  migrate(): void
  close(): Promise<void>
}

/**
 * Opens the store in a data directory, creating it as needed. A held lock file keeps a second server
 * out; kill -9 frees it (reliability.md case 233).
 * @throws AppError store_locked, store_too_new, store_unusable or store_unavailable
 */
export function openSqlite(dataDir: string, onFailure?: OnStoreFailure): OpenStore {
  makeDirectory(dataDir)
  const lock = lockDirectory(dataDir)
  try {
    const path = join(dataDir, 'gatehouse.db')
    const connection = openDatabase(path)
    const database = new SqliteDatabase(connection, onFailure)
    return {
      database,
      migrate: () => migrateAt(path, connection),
      close: () => database.close().finally(() => lock.close()),
    }
  } catch (error) {
    lock.close()
    throw error
  }
}

function makeDirectory(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('store_unusable', { reason: `${dataDir}: ${why}.`, cause })
  }
}

function lockDirectory(dataDir: string): Connection {
  const path = join(dataDir, 'lock.db')
  let lock: Connection | null = null
  try {
    lock = new Connection(path, { create: true, readwrite: true })
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

function openDatabase(path: string): Connection {
  let connection: Connection | null = null
  try {
    connection = new Connection(path, { create: true, readwrite: true })
    configure(connection)
    createSchema(connection)
    return connection
  } catch (cause) {
    connection?.close()
    throw openFailure(path, cause)
  }
}

function migrateAt(path: string, connection: Connection): void {
  try {
    migrate(connection)
  } catch (cause) {
    throw openFailure(path, cause)
  }
}

/** What trying again does not cure: damage, and rights that are missing (cases 227, 229). */
const lastingFailure = /^SQLITE_(NOTADB|CORRUPT|CANTOPEN|READONLY|PERM)/

function openFailure(path: string, cause: unknown): unknown {
  if (!(cause instanceof SQLiteError)) return cause
  const code = lastingFailure.test(cause.code ?? '') ? 'store_unusable' : 'store_unavailable'
  return new AppError(code, { reason: `${path}: ${cause.message}.`, cause })
}

function configure(connection: Connection): void {
  // busy_timeout first: switching to WAL takes the lock it waits for.
  connection.run('PRAGMA busy_timeout=250')
  connection.run('PRAGMA journal_mode=WAL')
  connection.run('PRAGMA synchronous=FULL')
  connection.run('PRAGMA foreign_keys=ON')
  connection.run('PRAGMA wal_autocheckpoint=4000')
  connection.run('PRAGMA cache_size=-16384')
}
