import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Operation, Row } from '../../src/store/database.ts'
import { openSqlite } from '../../src/store/open_sqlite.ts'
import type { StoreEvent } from '../../src/store/store_event.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

const wal = { maxBytes: 256 * 1024, checkMs: 5 }

function* put(number: number): Operation<readonly Row[]> {
  return yield {
    sql: 'INSERT INTO instance (name, value) VALUES ($1, $2)',
    params: [`x${number}`, new Uint8Array(20_000)],
  }
}

async function nextEvent(events: StoreEvent[]): Promise<StoreEvent | undefined> {
  const seen = events.length
  for (let i = 0; i < 400 && events.length === seen; i++) await Bun.sleep(5)
  return events.at(-1)
}

test('case 232: a log that outgrew its bound is cut back by force and reported', async () => {
  const dataDir = temporaryDir()
  const events: StoreEvent[] = []
  const store = openSqlite(dataDir, { wal, onEvent: (event) => events.push(event) })
  const path = join(dataDir, 'gatehouse.db-wal')
  await Promise.all(Array.from({ length: 40 }, (_, i) => store.database.write(() => put(i))))
  const event = await nextEvent(events)
  expect(event).toEqual({ kind: 'wal_grown', bytes: expect.any(Number), isCutBack: true })
  expect(statSync(path).size).toBe(0)
  await store.close()
  rmSync(dataDir, { recursive: true })
})

test('case 232: while another program reads it stays and is reported; then it is cut back', async () => {
  const dataDir = temporaryDir()
  const events: StoreEvent[] = []
  const store = openSqlite(dataDir, { wal, onEvent: (event) => events.push(event) })
  const reader = new Database(join(dataDir, 'gatehouse.db'), { readonly: true })
  reader.run('BEGIN')
  reader.query('SELECT COUNT(*) FROM instance').get()
  const writes = Array.from({ length: 40 }, (_, i) => store.database.write(() => put(i)))
  await Promise.all(writes)
  expect(await nextEvent(events)).toMatchObject({ kind: 'wal_grown', isCutBack: false })
  expect(store.state()).toEqual({ status: 'sound' })
  reader.run('COMMIT')
  reader.close()
  for (let i = 0; i < 400 && events.at(-1)?.kind === 'wal_grown'; i++) {
    if ((events.at(-1) as { isCutBack?: boolean }).isCutBack) break
    await Bun.sleep(5)
  }
  expect(events.at(-1)).toMatchObject({ kind: 'wal_grown', isCutBack: true })
  await store.close()
  rmSync(dataDir, { recursive: true })
})

test('case 232: no statement of the store is left half read', () => {
  const root = resolve(import.meta.dir, '../../src/store')
  const glob = new Bun.Glob('**/*.ts')
  for (const path of glob.scanSync(root)) {
    expect([path, readFileSync(join(root, path), 'utf8')]).toEqual([
      path,
      expect.not.stringMatching(/\.iterate\(/),
    ])
  }
})
