import { afterEach, beforeEach, expect, test } from 'bun:test'
import { applyImport } from '../../../src/manage/openapi/apply_import.ts'
import { startImport } from '../../../src/manage/openapi/imports.ts'
import { failAbandoned } from '../../../src/manage/openapi/recheck.ts'
import type { Database, Operation } from '../../../src/store/database.ts'
import { findImport, insertImport } from '../../../src/store/openapi_import_store.ts'
import { findProjectEpoch } from '../../../src/store/project_store.ts'
import { listTools, listVersions } from '../../../src/store/tool_store.ts'
import { admin, documentWith, type ImportBench, openBench, uploaded } from './import_bench.ts'

let bench: ImportBench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(async () => {
  await bench.deps.jobs.close()
  await bench.store.close()
})

const paths = Array.from({ length: 60 }, (_, n) => `/p${n}`)

async function ready(text: string, sourceId: number): Promise<number> {
  await startImport(bench.deps, admin, { sourceId, origin: uploaded(text) })
  const found = await bench.settled(sourceId)
  while (bench.deps.jobs.find(found.id) !== null) await Bun.sleep(1)
  return found.id
}
const termsOf = (sourceId: number, importId: number) => ({
  sourceId,
  importId,
  acceptDangerous: true,
  filter: null,
  enable: {},
})

/** A process that dies at its n-th write from now: nothing it does afterwards happens. */
function dyingAfter(database: Database, writes: number): Database {
  let left = writes
  const write = <T>(operation: () => Operation<T>): Promise<T> => {
    if (left-- > 0) return database.write(operation)
    return Promise.reject(new Error('the process is gone'))
  }
  const isWrite = (name: string | symbol) => name === 'write'
  return new Proxy(database, {
    get: (target, name) => (isWrite(name) ? write : Reflect.get(target, name).bind(target)),
  })
}

function* counts(): Operation<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const table of ['tools', 'tool_versions', 'openapi_staged', 'openapi_tools']) {
    const [row] = yield { sql: `SELECT count(*) AS count FROM ${table}`, params: [] }
    found[table] = row?.['count']
  }
  return found
}

test('a crash between staging and the flip leaves nothing anybody can see, wherever it comes', async () => {
  const { database } = bench.store
  const source = await bench.addSource()
  const first = await ready(documentWith(paths), source.id)
  await applyImport(bench.deps, admin, termsOf(source.id, first))
  const second = await ready(documentWith([...paths.slice(10), '/new']), source.id)
  const seen = async () => ({
    tools: (await database.read(() => listTools(1, 200, null))).items,
    epoch: await database.read(() => findProjectEpoch(1)),
    versions: (await database.read(() => listVersions(1, 50, null))).items,
  })
  const [before, rows] = [await seen(), await database.read(counts)]
  let deaths = 0
  for (let writes = 0; writes < 20; writes++) {
    const dying = dyingAfter(database, writes)
    const manage = { ...bench.deps.manage, database: dying }
    const dead = applyImport({ ...bench.deps, manage }, admin, termsOf(source.id, second))
    const isApplied = await dead.then(
      () => true,
      () => false,
    )
    if (isApplied) break
    deaths++
    expect(await seen()).toEqual(before)
    await failAbandoned(bench.deps.manage)
    expect(await database.read(counts)).toEqual(rows)
    expect(await seen()).toEqual(before)
  }
  expect(deaths).toBeGreaterThan(2)
  expect(await database.read(() => findImport(source.id, second))).toMatchObject({
    state: 'applied',
  })
})

test('after a crash the same plan can still be applied', async () => {
  const source = await bench.addSource()
  const id = await ready(documentWith(paths), source.id)
  const manage = { ...bench.deps.manage, database: dyingAfter(bench.store.database, 2) }
  const dead = applyImport({ ...bench.deps, manage }, admin, termsOf(source.id, id))
  await expect(dead).rejects.toThrow('the process is gone')
  const applied = await applyImport(bench.deps, admin, termsOf(source.id, id))
  expect(applied).toEqual({ added: 60, changed: 0, removed: 0 })
})

test('an import that was being read when the process died has failed after the restart', async () => {
  const source = await bench.addSource()
  const { database } = bench.store
  const { planRevision, filter } = source
  const begun = { sourceId: source.id, isScheduled: false, planRevision, filter }
  const id = await database.write(() => insertImport(begun, 1))
  expect(await failAbandoned(bench.deps.manage)).toBe(1)
  expect(await database.read(() => findImport(source.id, id))).toMatchObject({
    state: 'failed',
    error: { code: 'import_failed', reason: 'The server stopped meanwhile. Import again.' },
  })
})
