import { Database as Connection } from 'bun:sqlite'
import { createSchema, migrate } from '../../src/store/migrate.ts'
import { SqliteDatabase } from '../../src/store/sqlite_database.ts'

/** A row of the run history, of project 1, integration 2 and tool 3. */
export interface RunRow {
  /** Ids sort by when a run began. */
  readonly id: number
  readonly state: 'sending' | 'done'
  readonly startedAtMs: number
}

/** An empty store in memory, and ways to write its run history row by row. */
export function memoryStore() {
  const connection = new Connection(':memory:')
  createSchema(connection)
  migrate(connection)
  connection.run(`INSERT INTO projects (slug, name, description, is_suspended, epoch, created_at_ms,
    updated_at_ms) VALUES ('p', 'p', '', 0, 1, 1, 1)`)
  return {
    database: new SqliteDatabase(connection),
    /** Yields the row's `seq`. */
    insert: ({ id, state, startedAtMs }: RunRow): number => {
      const bytes = new Uint8Array(16)
      new DataView(bytes.buffer).setUint32(0, id)
      const { lastInsertRowid } = connection.run(
        `INSERT INTO runs (id, project_id, integration_id, tool_id, tool_version, source,
          http_method, state, started_at_ms) VALUES (?, 1, 2, 3, 1, 'mcp', 'GET', ?, ?)`,
        [bytes, state, startedAtMs],
      )
      return Number(lastInsertRowid)
    },
    finish: (seq: number, state: 'done' | 'unknown'): void => {
      const code = state === 'done' ? null : 'outcome_unknown'
      connection.run('UPDATE runs SET state = ?, error_code = ? WHERE seq = ?', [state, code, seq])
    },
    /** As retention does, but all at once. */
    deleteEnded: (): void => void connection.run("DELETE FROM runs WHERE state <> 'sending'"),
  }
}
