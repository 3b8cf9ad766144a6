import type { Database as Connection } from 'bun:sqlite'
import { AppError } from '../errors.ts'
import initial from './migrations/0001_initial.sql' with { type: 'text' }

/** Every migration in order; the schema version is how many have run. Never edit one that shipped. */
const migrations: readonly string[] = [initial]

/**
 * Brings the schema to this binary's version, each step in its own transaction, so that a kill leaves
 * one version or the next (reliability.md R10).
 * @throws AppError store_too_new - a newer Gatehouse has written here
 */
export function migrate(connection: Connection): void {
  const row = connection.query('PRAGMA user_version').get() as { user_version: number }
  const current = row.user_version
  if (current > migrations.length) {
    throw new AppError('store_too_new', {
      reason: `The database has schema version ${current}; this binary knows ${migrations.length}. Run the newer Gatehouse, or restore a backup made before the upgrade.`,
    })
  }
  for (let version = current; version < migrations.length; version++) {
    const script = migrations[version] ?? ''
    connection
      .transaction(() => {
        connection.run(script)
        connection.run(`PRAGMA user_version=${version + 1}`)
      })
      .immediate()
  }
}
