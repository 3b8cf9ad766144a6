import { type Database as Connection, type Statement as Prepared, SQLiteError } from 'bun:sqlite'
import { AppError } from '../errors.ts'
import type { Database, Durability, Operation, Row, SqlValue } from './database.ts'
import { findDamage } from './find_damage.ts'
import { faultOf } from './sqlite_fault.ts'
import type { StorageReserve } from './storage_reserve.ts'
import type { OnStoreEvent, StoreState } from './store_event.ts'

interface Queued {
  readonly operation: () => Operation<unknown>
  /** Whether it may use up the reserve. */
  readonly isRecord: boolean
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** How long writes wait for another program's lock, and how often they look (case 234). */
const lockWaitMs = 200
const lockRetryMs = 5
/** A lock not met for so long is another one. */
const lockForgottenMs = 1000

/** How often a full disk is looked at for room. */
const roomCheckMs = 1000

/** What a database is told besides its connection. */
export interface DatabaseParts {
  readonly onEvent?: OnStoreEvent
  readonly reserve?: StorageReserve
}

/**
 * SQLite behind the Database interface: one connection, group commit. Writes that arrive in one turn
 * of the event loop share a transaction and its fsync; when one fails, each is run again alone, so a
 * neighbour's failure is never felt.
 *
 * A disk that fails at a write or a sync stops it for good: what is on the disk then, nobody knows,
 * and a commit that was reported as failed may be found done (cases 225, 226). A full disk is waited
 * out (case 223), damage is reported and the rest goes on (case 228).
 */
export class SqliteDatabase implements Database {
  private readonly connection: Connection
  private readonly onEvent: OnStoreEvent
  private readonly reserve: StorageReserve | null
  private readonly prepared = new Map<string, Prepared>()
  private queue: Queued[] = []
  private queueIsSynced = false
  private connectionIsSynced = true
  private lockedSinceMs = 0
  private lockedUntilMs = Number.NEGATIVE_INFINITY
  private isClosed = false
  private failure: Error | null = null
  private fullWatch: Timer | null = null
  private damage: { findings: readonly string[] | null } | null = null

  constructor(connection: Connection, { onEvent = () => {}, reserve }: DatabaseParts = {}) {
    this.connection = connection
    this.onEvent = onEvent
    this.reserve = reserve ?? null
    // SQLite would wait with the whole process; a write waits in the queue instead.
    connection.run('PRAGMA busy_timeout=0')
  }

  /** How the store is. */
  state(): StoreState {
    if (this.failure !== null) return { status: 'store_failed' }
    if (this.damage !== null) return { status: 'store_damaged', findings: this.damage.findings }
    return { status: this.fullWatch === null ? 'sound' : 'storage_full' }
  }

  async read<T>(operation: () => Operation<T>): Promise<T> {
    this.refuseWhenOver()
    try {
      return this.run(operation)
    } catch (error) {
      throw this.failureOf(error)
    }
  }

  write<T>(operation: () => Operation<T>, durability: Durability = 'synced'): Promise<T> {
    this.refuseWhenOver()
    if (this.fullWatch !== null) return Promise.reject(storageFull())
    return this.enqueue(operation, { durability, isRecord: false })
  }

  record<T>(operation: () => Operation<T>, durability: Durability = 'synced'): Promise<T> {
    this.refuseWhenOver()
    return this.enqueue(operation, { durability, isRecord: true })
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    if (this.failure === null) this.flush()
    this.isClosed = true
    this.rejectAll(this.queue.splice(0), closed())
    if (this.fullWatch !== null) clearInterval(this.fullWatch)
    // After a failed sync the log on the disk is all that may be trusted: nothing is written over it.
    if (this.failure !== null) return
    for (const statement of this.prepared.values()) statement.finalize()
    this.connection.run('PRAGMA wal_checkpoint(TRUNCATE)')
    this.connection.close()
  }

  /** Takes a failure met outside of operations, such as at a checkpoint. */
  met(error: SQLiteError): void {
    this.failureOf(error)
  }

  private enqueue<T>(
    operation: () => Operation<T>,
    { durability, isRecord }: { durability: Durability; isRecord: boolean },
  ): Promise<T> {
    if (this.queue.length === 0) setImmediate(this.flush)
    if (durability === 'synced') this.queueIsSynced = true
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ operation, isRecord, resolve: resolve as (value: unknown) => void, reject })
    })
  }

  private readonly flush = (): void => {
    const batch = this.queue
    if (batch.length === 0 || this.isClosed) return
    this.useDurability(this.queueIsSynced)
    this.queue = []
    this.queueIsSynced = false
    this.settle(batch)
  }

  /** Commits the batch and answers every item of it, or queues it again where a lock is in the way. */
  private settle(batch: readonly Queued[]): void {
    if (this.failure !== null) return this.rejectAll(batch, this.failureOf(this.failure))
    try {
      const results = this.commit(batch)
      this.lockedUntilMs = Number.NEGATIVE_INFINITY
      for (let i = 0; i < results.length; i++) batch[i]?.resolve(results[i])
    } catch (error) {
      this.rollback()
      this.failed(batch, error)
    }
  }

  private commit(batch: readonly Queued[]): unknown[] {
    this.execute('BEGIN IMMEDIATE', [])
    const results = batch.map((item) => this.run(item.operation))
    this.execute('COMMIT', [])
    return results
  }

  private failed(batch: readonly Queued[], error: unknown): void {
    const fault = error instanceof SQLiteError ? faultOf(error) : null
    if (fault === 'busy' && this.mayWait()) return this.waitForLock(batch)
    if (fault === 'full') return this.outOfRoom(batch, error as SQLiteError)
    if (batch.length > 1 && isOneItemsFault(error)) {
      for (const item of batch) this.settle([item])
      return
    }
    this.rejectAll(batch, this.failureOf(error))
  }

  /** Once a lock has outlasted the wait, what comes is refused at once: a call writes twice. */
  private mayWait(): boolean {
    const nowMs = performance.now()
    if (nowMs - this.lockedUntilMs > lockForgottenMs) this.lockedSinceMs = nowMs
    this.lockedUntilMs = nowMs
    return nowMs - this.lockedSinceMs < lockWaitMs
  }

  private waitForLock(batch: readonly Queued[]): void {
    this.queue = [...batch, ...this.queue]
    this.queueIsSynced ||= this.connectionIsSynced
    setTimeout(this.flush, lockRetryMs)
  }

  /** Ends of calls get the reserve's room; whatever else was waiting is refused, nothing of it done. */
  private outOfRoom(batch: readonly Queued[], cause: SQLiteError): void {
    this.watchForRoom(cause)
    const records = batch.filter(({ isRecord }) => isRecord)
    const others = batch.filter(({ isRecord }) => !isRecord)
    this.rejectAll(others, storageFull(cause))
    if (records.length === 0) return
    if (others.length > 0 || this.reserve?.release()) this.settle(records)
    else this.rejectAll(records, storageFull(cause))
  }

  private watchForRoom(cause: SQLiteError): void {
    if (this.fullWatch !== null) return
    this.onEvent({ kind: 'storage_full', cause })
    this.fullWatch = setInterval(() => this.lookForRoom(), roomCheckMs)
    this.fullWatch.unref()
  }

  private async lookForRoom(): Promise<void> {
    const hasRoom = this.reserve === null || (await this.reserve.restore())
    if (!hasRoom || this.fullWatch === null) return
    clearInterval(this.fullWatch)
    this.fullWatch = null
    this.onEvent({ kind: 'storage_freed' })
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
    try {
      if (this.connection.inTransaction) this.connection.run('ROLLBACK')
    } catch (error) {
      this.failureOf(error)
    }
  }

  /** What the caller is told of a failure; the log is told the cause, and a bad one is acted upon. */
  private failureOf(error: unknown): unknown {
    if (!(error instanceof SQLiteError)) return error
    const fault = faultOf(error)
    if (fault === 'disk') this.stop(error)
    else if (fault === 'damaged' && this.damage === null) this.reportDamage(error)
    else this.onEvent({ kind: 'operation_failed', cause: error })
    return fault === 'full'
      ? storageFull(error)
      : new AppError('store_unavailable', { cause: error })
  }

  private stop(cause: Error): void {
    if (this.failure !== null) return
    this.failure = cause
    this.onEvent({ kind: 'store_failed', cause })
    this.rejectAll(this.queue.splice(0), new AppError('store_unavailable', { cause }))
  }

  private reportDamage(cause: Error): void {
    const damage: { findings: readonly string[] | null } = { findings: null }
    this.damage = damage
    const isOver = () => this.isClosed || this.failure !== null
    void findDamage(this.connection, isOver).then((findings) => {
      damage.findings = findings
      this.onEvent({ kind: 'store_damaged', cause, findings })
    })
  }

  private rejectAll(items: readonly Queued[], error: unknown): void {
    for (const item of items) item.reject(error)
  }

  private refuseWhenOver(): void {
    if (this.isClosed) throw closed()
    if (this.failure !== null) throw new AppError('store_unavailable', { cause: this.failure })
  }
}

const closed = () => new AppError('store_unavailable', { reason: 'The store is closed.' })

const storageFull = (cause?: Error) =>
  new AppError('storage_full', { retryAfterSeconds: 5, ...(cause && { cause }) })

/** Whether others of the batch may succeed without the one that failed; a sick disk fails them all. */
function isOneItemsFault(error: unknown): boolean {
  if (!(error instanceof SQLiteError)) return true
  return (error.code ?? '').startsWith('SQLITE_CONSTRAINT') || faultOf(error) === 'damaged'
}
