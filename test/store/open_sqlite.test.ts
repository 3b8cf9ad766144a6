import { Database as Connection } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Operation, Row } from '../../src/store/database.ts'
import { openSqlite } from '../../src/store/open_sqlite.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

test('case 233: a second opener of the same directory is refused', async () => {
  const dataDir = temporaryDir()
  const first = openSqlite(dataDir)
  expect(() => openSqlite(dataDir)).toThrow(expect.objectContaining({ code: 'store_locked' }))
  await first.close()
  await openSqlite(dataDir).close()
  rmSync(dataDir, { recursive: true })
})

test('a database of a newer version is refused and left as it is', async () => {
  const dataDir = temporaryDir()
  await openSqlite(dataDir).close()
  const path = join(dataDir, 'gatehouse.db')
  const raw = new Connection(path)
  raw.run('PRAGMA user_version=9999')
  raw.close()
  expect(() => openSqlite(dataDir)).toThrow(expect.objectContaining({ code: 'store_too_new' }))
  const after = new Connection(path)
  expect(after.query('PRAGMA user_version').get()).toEqual({ user_version: 9999 })
  after.close()
  rmSync(dataDir, { recursive: true })
})

test('the database runs in WAL mode and syncs every commit', async () => {
  const dataDir = temporaryDir()
  const store = openSqlite(dataDir)
  const [mode] = await store.database.read(function* (): Operation<readonly Row[]> {
    return yield { sql: 'PRAGMA journal_mode', params: [] }
  })
  const [sync] = await store.database.read(function* (): Operation<readonly Row[]> {
    return yield { sql: 'PRAGMA synchronous', params: [] }
  })
  expect([mode?.journal_mode, sync?.synchronous]).toEqual(['wal', 2])
  await store.close()
  rmSync(dataDir, { recursive: true })
})
