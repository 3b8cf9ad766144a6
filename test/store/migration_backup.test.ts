import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '../../src/store/open_sqlite.ts'
import { canMount } from '../fault/means.ts'
import { contentOf, makeOlderStore, newestVersion } from '../fault/older_store.ts'
import { mountSmallDisk } from '../fault/small_disk.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

let place: string
beforeAll(() => {
  place = temporaryDir()
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const backupsIn = (dataDir: string) =>
  readdirSync(dataDir).filter((name) => name.includes('.backup') || name.includes('.new'))

describe('case 230: before an older database is changed', () => {
  test('a copy of it is made beside it, for its own user alone, and the one before is removed', async () => {
    const dataDir = join(place, 'older')
    makeOlderStore(dataDir, 5, 3)
    writeFileSync(join(dataDir, 'gatehouse.db.schema-2.backup'), 'the copy of an earlier upgrade')
    const store = openSqlite(dataDir)
    const backup = store.migrate()
    await store.close()
    expect(backup).toBe(join(dataDir, 'gatehouse.db.schema-5.backup'))
    expect(backupsIn(dataDir)).toEqual(['gatehouse.db.schema-5.backup'])
    expect(statSync(String(backup)).mode & 0o777).toBe(0o600)
    expect(contentOf(String(backup))).toMatchObject({ version: 5, projects: 3, isSound: true })
    const upgraded = contentOf(join(dataDir, 'gatehouse.db'))
    expect(upgraded).toMatchObject({ version: newestVersion, projects: 3, isSound: true })
    expect(upgraded.applicationId).toBe(0x47544853)
  })

  test('nothing is copied where nothing is older: at the first start and at the next', async () => {
    const dataDir = join(place, 'new')
    for (let start = 0; start < 2; start++) {
      const store = openSqlite(dataDir)
      expect(store.migrate()).toBeNull()
      await store.close()
      expect(backupsIn(dataDir)).toEqual([])
    }
  })

  test('opening it changes no row: that waits until the master key is proven right', async () => {
    const dataDir = join(place, 'unproven')
    makeOlderStore(dataDir, 5, 3)
    await openSqlite(dataDir).close()
    const content = contentOf(join(dataDir, 'gatehouse.db'))
    expect(content).toEqual({ version: 5, applicationId: 0, projects: 3, isSound: true })
  })

  test.skipIf(!canMount)('where there is no room for the copy nothing is changed', async () => {
    using disk = mountSmallDisk(8)
    const dataDir = join(disk.dataDir, 'full')
    makeOlderStore(dataDir, 5, 3)
    const store = openSqlite(dataDir)
    disk.fill()
    expect(() => store.migrate()).toThrow(expect.objectContaining({ code: 'storage_full' }))
    expect(backupsIn(dataDir)).toEqual([])
    disk.free()
    expect(store.migrate()).toEndWith('gatehouse.db.schema-5.backup')
    await store.close()
    expect(contentOf(join(dataDir, 'gatehouse.db')).version).toBe(newestVersion)
  })
})
