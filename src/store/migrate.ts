import type { Database as Connection } from 'bun:sqlite'
import { AppError } from '../errors.ts'
import initial from './migrations/0001_initial.sql' with { type: 'text' }
import members from './migrations/0002_members.sql' with { type: 'text' }
import oauth from './migrations/0003_oauth.sql' with { type: 'text' }
import audit from './migrations/0004_audit.sql' with { type: 'text' }
import identities from './migrations/0005_identities.sql' with { type: 'text' }
import trustedIssuers from './migrations/0006_trusted_issuers.sql' with { type: 'text' }
import passkeys from './migrations/0007_passkeys.sql' with { type: 'text' }
import openapi from './migrations/0008_openapi.sql' with { type: 'text' }
import results from './migrations/0009_results.sql' with { type: 'text' }
import toolModes from './migrations/0010_tool_modes.sql' with { type: 'text' }
import challengeScopes from './migrations/0011_challenge_scopes.sql' with { type: 'text' }
import ledger from './migrations/0012_ledger.sql' with { type: 'text' }
import usage from './migrations/0013_usage.sql' with { type: 'text' }
import attempts from './migrations/0014_attempts.sql' with { type: 'text' }

/** Every migration in order; the schema version is how many have run. Never edit one that shipped. */
const migrations: readonly string[] = [
  ...[initial, members, oauth, audit, identities],
  ...[trustedIssuers, passkeys, openapi, results, toolModes, challengeScopes, ledger, usage],
  ...[attempts],
]

/** `PRAGMA application_id` of a Gatehouse database: 'GTHS'. */
export const applicationId = 0x47544853

/**
 * Gives a new database its first tables, the least that proving a master key takes; an older one is
 * left as it is.
 * @throws AppError store_too_new - a newer Gatehouse has written here
 */
export function createSchema(connection: Connection): void {
  const current = versionOf(connection)
  if (current > migrations.length) {
    throw new AppError('store_too_new', {
      reason: `The database has schema version ${current}; this binary knows ${migrations.length}. Run the newer Gatehouse, or restore a backup made before the upgrade.`,
    })
  }
  if (current > 0) return
  migrateTo(connection, 1)
  markAsOurs(connection)
}

/** Brings the schema to this binary's version. */
export function migrate(connection: Connection): void {
  migrateTo(connection, migrations.length)
  markAsOurs(connection)
}

/** The version an upgrade starts from; null where there is nothing to upgrade. */
export function versionToUpgrade(connection: Connection): number | null {
  const current = versionOf(connection)
  return current < migrations.length ? current : null
}

function markAsOurs(connection: Connection): void {
  const row = connection.query('PRAGMA application_id').get() as { application_id: number }
  if (row.application_id === applicationId) return
  connection.run(`PRAGMA application_id=${applicationId}`)
}

const versionOf = (connection: Connection) =>
  (connection.query('PRAGMA user_version').get() as { user_version: number }).user_version

/** Each step has its own transaction, so that a kill leaves one version or the next (R10). */
function migrateTo(connection: Connection, wanted: number): void {
  for (let version = versionOf(connection); version < wanted; version++) {
    const script = migrations[version] ?? ''
    connection
      .transaction(() => {
        connection.run(script)
        connection.run(`PRAGMA user_version=${version + 1}`)
      })
      .immediate()
  }
}
