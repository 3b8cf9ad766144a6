import { blob } from './columns.ts'
import type { Operation } from './database.ts'

/** Reads a value of the instance itself, such as the master key check. */
export function* findInstanceValue(name: string): Operation<Uint8Array | null> {
  const [row] = yield { sql: 'SELECT value FROM instance WHERE name = $1', params: [name] }
  return row === undefined ? null : blob(row, 'value')
}

/** Writes a value of the instance, over an existing one. */
export function* putInstanceValue(name: string, value: Uint8Array): Operation<void> {
  yield {
    sql: `INSERT INTO instance (name, value) VALUES ($1, $2)
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    params: [name, value],
  }
}

/** Writes a value of the instance once; an existing one stays. */
export function* insertInstanceValue(name: string, value: Uint8Array): Operation<void> {
  yield {
    sql: 'INSERT INTO instance (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    params: [name, value],
  }
}
