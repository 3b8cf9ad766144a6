import { afterEach, beforeEach, expect, test } from 'bun:test'
import { applyImport } from '../../../src/manage/openapi/apply_import.ts'
import { startImport } from '../../../src/manage/openapi/imports.ts'
import { deleteSource } from '../../../src/manage/openapi/sources.ts'
import type { Operation } from '../../../src/store/database.ts'
import { admin, documentWith, type ImportBench, openBench, uploaded } from './import_bench.ts'

let bench: ImportBench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(async () => {
  await bench.deps.jobs.close()
  await bench.store.close()
})

const tables = ['openapi_documents', 'openapi_drafts', 'openapi_operations', 'openapi_findings']

function* rowsLeft(): Operation<number> {
  let rows = 0
  for (const table of tables) {
    const [row] = yield { sql: `SELECT count(*) AS count FROM ${table}`, params: [] }
    rows += Number(row?.['count'])
  }
  return rows
}

test('nothing stays of the document of a source that was deleted', async () => {
  const { database } = bench.store
  const { id: sourceId } = await bench.addSource()
  await startImport(bench.deps, admin, { sourceId, origin: uploaded(documentWith(['/a', '/b'])) })
  const { id: importId } = await bench.settled(sourceId)
  while (bench.deps.jobs.find(importId) !== null) await Bun.sleep(1)
  const terms = { sourceId, importId, acceptDangerous: false, filter: null, enable: {} }
  await applyImport(bench.deps, admin, terms)
  expect(await database.read(rowsLeft)).toBeGreaterThan(0)
  await deleteSource(bench.deps, admin, sourceId)
  for (let round = 0; round < 200 && (await database.read(rowsLeft)) > 0; round++) {
    await Bun.sleep(5)
  }
  expect(await database.read(rowsLeft)).toBe(0)
})
