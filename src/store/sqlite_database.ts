import { type Database as Connection, type Statement as Prepared, SQLiteError } from 'bun:sqlite'
import { AppError } from '../errors.ts'
import type { Database, Durability, Operation, Row, SqlValue } from './database.ts'

interface Queued {
  readonly operation: () => Operation<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Takes what a store failed at, for the log. */
export type OnStoreFailure = (cause: Error) => void

/**
 * SQLite behind the Database interface: one connection, group commit. Writes that arrive in one turn
 * of the event loop share a transaction and its fsync; when one fails, each is run again alone, so a
 * neighbour's failure is never felt.
 */
export class SqliteDatabase implements Database {
  private readonly connection: Connection
  private readonly prepared = new Map<string, Prepared>()
  private queue: Queued[] = []
  private queueIsSynced = false
  private connectionIsSynced = true
  private isClosed = false
  private readonly onFailure: OnStoreFailure

  /** @param onFailure told whatever SQLite failed at, which callers never see */
  constructor(connection: Connection, onFailure: OnStoreFailure = () => {}) {
    this.connection = connection
    this.onFailure = onFailure
  }

  async read<T>(operation: () => Operation<T>): Promise<T> {
    this.refuseWhenClosed()
    try {
      return this.run(operation)
    } catch (error) {
      throw this.failureOf(error)
    }
  }

  write<T>(operation: () => Operation<T>, durability: Durability = 'synced'): Promise<T> {
    this.refuseWhenClosed()
    if (this.queue.length === 0) setImmediate(this.flush)
    if (durability === 'synced') this.queueIsSynced = true
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ operation, resolve: resolve as (value: unknown) => void, reject })
    })
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.flush()
    this.isClosed = true
    for (const statement of this.prepared.values()) statement.finalize()
    this.connection.run('PRAGMA wal_checkpoint(TRUNCATE)')
    this.connection.close()
  }

  private readonly flush = (): void => {
    const batch = this.queue
    if (batch.length === 0) return
    this.useDurability(this.queueIsSynced)
    this.queue = []
    this.queueIsSynced = false
    const results = this.commit(batch)
    if (results !== null) return settle(batch, results)
    for (const item of batch) this.commitAlone(item)
  }

  /** Runs the batch in one transaction; null when anything failed and all was rolled back. */
  private commit(batch: readonly Queued[]): unknown[] | null {
    try {
      this.execute('BEGIN IMMEDIATE', [])
      const results = batch.map((item) => this.run(item.operation))
      this.execute('COMMIT', [])
      return results
    } catch (error) {
      this.rollback()
      if (batch.length > 1 && isOneItemsFault(error)) return null
      const failure = this.failureOf(error)
      for (const item of batch) item.reject(failure)
      return []
    }
  }

  private commitAlone(item: Queued): void {
    const results = this.commit([item])
    if (results !== null) settle([item], results)
  }

  private run<T>(operation: () => Operation<T>): T {
    const steps = operation()
    let step = steps.next([])
    while (!step.done) step = steps.next(this.execute(step.value.sql, step.value.params))
    return step.value
  }

  private execute(sql: string, params: readonly SqlValue[]): readonly Row[] {
    let statement = this.prepared.get(sql)
    if (statement === undefined) {
      // SQLite numbers `$n` by first appearance and would swap arguments; `?n` means what it says.
      statement = this.connection.prepare(sql.replace(/\$(\d+)/g, '?$1'))
      this.prepared.set(sql, statement)
    }
    return statement.all(...params) as Row[]
  }

  private useDurability(synced: boolean): void {
    if (synced === this.connectionIsSynced) return
    this.connection.run(synced ? 'PRAGMA synchronous=FULL' : 'PRAGMA synchronous=NORMAL')
    this.connectionIsSynced = synced
  }

  private rollback(): void {
    if (this.connection.inTransaction) this.connection.run('ROLLBACK')
  }

  private failureOf(error: unknown): unknown {
    if (!(error instanceof SQLiteError)) return error
    this.onFailure(error)
    return new AppError('store_unavailable', { cause: error })
  }

  private refuseWhenClosed(): void {
    if (this.isClosed) throw new AppError('store_unavailable', { reason: 'The store is closed.' })
  }
}

function settle(batch: readonly Queued[], results: readonly unknown[]): void {
  for (let i = 0; i < results.length; i++) batch[i]?.resolve(results[i])
}

/** Whether others of the batch may succeed without the one that failed; a sick disk fails them all. */
function isOneItemsFault(error: unknown): boolean {
  return !(error instanceof SQLiteError) || (error.code ?? '').startsWith('SQLITE_CONSTRAINT')
}
