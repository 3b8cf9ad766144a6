import { rmSync } from 'node:fs'
import { type OpenStore, openSqlite } from '../../src/store/open_sqlite.ts'
import { temporaryDir } from './temporary_dir.ts'

/** A store on a directory of its own; `close` removes both. */
export interface TestStore extends OpenStore {
  readonly dataDir: string
}

/** Opens a fresh store. */
export function openTestStore(): TestStore {
  const dataDir = temporaryDir()
  const store = openSqlite(dataDir)
  store.migrate()
  const close = async () => {
    await store.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { ...store, dataDir, close }
}
