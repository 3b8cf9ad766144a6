import { Database } from 'bun:sqlite'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const folder = resolve(import.meta.dir, '../../src/store/migrations')
const scripts = readdirSync(folder)
  .sort()
  .map((name) => readFileSync(join(folder, name), 'utf8'))

/** The schema version of these sources. */
export const newestVersion = scripts.length

function runScripts(connection: Database, version: number): void {
  for (const script of scripts.slice(0, version)) connection.run(script)
  connection.run(`PRAGMA user_version=${version}`)
}

const schemaOf = (connection: Database) =>
  connection.query('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').values()

/** Makes a data directory as an older version left it, with so many projects. */
export function makeOlderStore(dataDir: string, version: number, projects: number): void {
  mkdirSync(dataDir, { mode: 0o700 })
  const connection = new Database(join(dataDir, 'gatehouse.db'), { create: true, readwrite: true })
  connection.run('PRAGMA journal_mode=WAL')
  runScripts(connection, version)
  const insert = connection.prepare(
    `INSERT INTO projects (slug, name, description, is_suspended, epoch, created_at_ms, updated_at_ms)
    VALUES (?, ?, '', 0, 1, 1, 1)`,
  )
  for (let i = 0; i < projects; i++) insert.run(`p${i}`, `p${i}`)
  connection.close()
}

/** What a database holds, looked at without changing it. */
export interface StoreContent {
  readonly version: number
  readonly applicationId: number
  readonly projects: number
  /** Whether the schema is to the letter that of its version, and every page is sound. */
  readonly isSound: boolean
}

/** Reads a database file. */
export function contentOf(path: string): StoreContent {
  const connection = new Database(path, { readwrite: true })
  const number = (sql: string) => Number(connection.query(sql).values()[0]?.[0])
  const version = number('PRAGMA user_version')
  const expected = new Database(':memory:')
  runScripts(expected, version)
  const isSchema = JSON.stringify(schemaOf(connection)) === JSON.stringify(schemaOf(expected))
  const check = connection.query('PRAGMA integrity_check').values()
  const content = {
    version,
    applicationId: number('PRAGMA application_id'),
    projects: number('SELECT COUNT(*) FROM projects'),
    isSound: isSchema && JSON.stringify(check) === '[["ok"]]',
  }
  connection.close()
  expected.close()
  return content
}
