/** A value of a column. Booleans are 0/1, times epoch milliseconds, JSON text (SCHEMA.md). */
export type SqlValue = null | number | string | Uint8Array

/** A row by column name. */
export type Row = Readonly<Record<string, SqlValue>>

/** One statement in the dialect both engines take, with `$1…` parameters. */
export interface Statement {
  readonly sql: string
  readonly params: readonly SqlValue[]
}

/**
 * A unit of work written once for every engine: it yields statements and is handed their rows. It
 * does nothing else, so a driver may run it again from the start after a rollback.
 */
export type Operation<T> = Generator<Statement, T, readonly Row[]>

/**
 * How safe a write is when its promise resolves: `synced` survives a power cut, `written` a crash of
 * the process (reliability.md R2).
 */
export type Durability = 'synced' | 'written'

/** The one door to storage; every method is one short transaction. */
export interface Database {
  /** Runs an operation that only reads. @throws AppError store_unavailable */
  read<T>(operation: () => Operation<T>): Promise<T>
  /**
   * Runs an operation atomically, together with others of the same moment; `synced` unless told.
   * @throws AppError store_unavailable, storage_full - nothing of it was done, save after a failed sync
   */
  write<T>(operation: () => Operation<T>, durability?: Durability): Promise<T>
  /**
   * As `write`, for the end of a call that has begun: where the disk is full it may use the room held
   * back for this, while `write` is refused (reliability.md case 224).
   */
  record<T>(operation: () => Operation<T>, durability?: Durability): Promise<T>
  /** Flushes what is queued and closes. */
  close(): Promise<void>
}
