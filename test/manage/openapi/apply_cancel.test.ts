import { afterEach, beforeEach, expect, test } from 'bun:test'
import { applyImport } from '../../../src/manage/openapi/apply_import.ts'
import { cancelImport, startImport } from '../../../src/manage/openapi/imports.ts'
import type { Database, Operation } from '../../../src/store/database.ts'
import { findImport } from '../../../src/store/openapi_import_store.ts'
import { listTools } from '../../../src/store/tool_store.ts'
import { admin, documentWith, type ImportBench, openBench, uploaded } from './import_bench.ts'

let bench: ImportBench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(async () => {
  await bench.deps.jobs.close()
  await bench.store.close()
})

/** A database at whose n-th write something else happens first. */
function interrupted(database: Database, at: number, act: () => Promise<unknown>): Database {
  let left = at
  const write = async <T>(operation: () => Operation<T>): Promise<T> => {
    if (--left === 0) await act()
    return database.write(operation)
  }
  return new Proxy(database, {
    get: (target, name) => (name === 'write' ? write : Reflect.get(target, name).bind(target)),
  })
}

test('a plan that is cancelled while it is applied does not take effect', async () => {
  const { database } = bench.store
  const { id: sourceId } = await bench.addSource()
  await startImport(bench.deps, admin, { sourceId, origin: uploaded(documentWith(['/a'])) })
  const { id: importId } = await bench.settled(sourceId)
  while (bench.deps.jobs.find(importId) !== null) await Bun.sleep(1)
  const target = { sourceId, importId }
  const cancel = () => cancelImport(bench.deps, admin, target)
  const manage = { ...bench.deps.manage, database: interrupted(database, 2, cancel) }
  const terms = { ...target, acceptDangerous: false, filter: null, enable: {} }
  const applied = applyImport({ ...bench.deps, manage }, admin, terms)
  expect(await applied.catch((error) => error)).toMatchObject({ code: 'version_conflict' })
  expect(await database.read(() => findImport(sourceId, importId))).toMatchObject({
    state: 'cancelled',
  })
  expect((await database.read(() => listTools(1, 10, null))).items).toEqual([])
})
