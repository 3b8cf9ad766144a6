import type { Database as Connection } from 'bun:sqlite'
import { chmodSync, closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const nameOf = (path: string, version: number) => `${path}.schema-${version}.backup`

/** Paths of the copies that were made before upgrades, the newest schema first. */
export function findBackups(path: string): readonly string[] {
  const pattern = new RegExp(`^${RegExp.escape(basename(path))}\\.schema-(\\d+)\\.backup$`)
  const found = readdirSync(dirname(path)).flatMap((name) => {
    const version = pattern.exec(name)?.[1]
    return version === undefined ? [] : [{ version: Number(version), name }]
  })
  found.sort((a, b) => b.version - a.version)
  return found.map(({ name }) => join(dirname(path), name))
}

/**
 * Copies the database as it is before an upgrade changes it, and removes the copy of the upgrade
 * before (reliability.md case 230). It is whole, or not there under its name.
 * @throws SQLiteError - above all where there is no room for it
 */
export function backUpBeforeMigration(
  connection: Connection,
  path: string,
  version: number,
): string {
  const backup = nameOf(path, version)
  const draft = `${backup}.new`
  removeDraft(draft)
  try {
    connection.run('VACUUM INTO ?', [draft])
    chmodSync(draft, 0o600)
    syncFile(draft)
    renameSync(draft, backup)
    syncFile(dirname(path))
  } catch (error) {
    removeDraft(draft)
    throw error
  }
  for (const older of findBackups(path)) if (older !== backup) rmSync(older, { force: true })
  return backup
}

function removeDraft(draft: string): void {
  for (const path of [draft, `${draft}-journal`]) rmSync(path, { force: true })
}

/** Has a file or a directory written to the disk. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
