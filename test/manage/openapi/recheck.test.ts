import { afterEach, beforeEach, expect, test } from 'bun:test'
import { applyImport } from '../../../src/manage/openapi/apply_import.ts'
import { startImport } from '../../../src/manage/openapi/imports.ts'
import { recheckDue } from '../../../src/manage/openapi/recheck.ts'
import { readAuditEvents } from '../../../src/store/audit_store.ts'
import { findSource } from '../../../src/store/openapi_source_store.ts'
import { listTools } from '../../../src/store/tool_store.ts'
import { admin, answerOf, documentWith, type ImportBench, openBench } from './import_bench.ts'

let bench: ImportBench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(async () => {
  await bench.deps.jobs.close()
  await bench.store.close()
})

const HOUR_MS = 3_600_000
const url = 'https://api.example.com/openapi.json'
const actions = async () =>
  (await bench.store.database.read(() => readAuditEvents(0, 100))).map(({ action }) => action)
const toolNames = async () =>
  (await bench.store.database.read(() => listTools(1, 100, null))).items.map(
    (tool) => tool.definition.name,
  )

async function applied() {
  bench.answer = () => answerOf(documentWith(['/a']), '"1"')
  const source = await bench.addSource({ url, recheckHours: 6 })
  await startImport(bench.deps, admin, { sourceId: source.id, origin: 'url' })
  const { id: importId } = await bench.settled(source.id)
  const enable = {}
  const terms = { sourceId: source.id, importId, acceptDangerous: false, filter: null, enable }
  await applyImport(bench.deps, admin, terms)
  return source
}

/** Waits until whatever runs has ended. */
async function idle(sourceId: number) {
  const found = await bench.settled(sourceId)
  while (bench.deps.jobs.find(found.id) !== null) await Bun.sleep(1)
  return found
}

test('nothing is fetched before its time, and then once', async () => {
  const source = await applied()
  bench.questions.length = 0
  bench.nowMs += 6 * HOUR_MS - 1
  expect(await recheckDue(bench.deps)).toBe(0)
  bench.nowMs += 1
  expect(await recheckDue(bench.deps)).toBe(1)
  await idle(source.id)
  expect(await recheckDue(bench.deps)).toBe(0)
  expect(bench.questions).toMatchObject([{ url, etag: '"1"' }])
  const next = await bench.store.database.read(() => findSource(source.id))
  expect(next?.nextCheckAtMs).toBe(bench.nowMs + 6 * HOUR_MS)
})

test('a change is proposed, on record and never applied', async () => {
  const source = await applied()
  bench.answer = () => answerOf(documentWith(['/a', '/b']), '"2"')
  bench.nowMs += 6 * HOUR_MS
  await recheckDue(bench.deps)
  expect(await idle(source.id)).toMatchObject({ state: 'ready', isScheduled: true })
  expect(await toolNames()).toHaveLength(1)
  expect((await actions()).at(-1)).toBe('openapi_source.propose')
  expect(bench.ended.at(-1)).toMatchObject({ state: 'ready' })
})

test.each([
  ['304', () => ({ ...answerOf(''), status: 304 })],
  ['the same document', () => answerOf(documentWith(['/a']), '"2"')],
])('no change is no proposal: %s', async (_what, answer) => {
  const source = await applied()
  const before = await actions()
  bench.answer = answer
  bench.nowMs += 6 * HOUR_MS
  await recheckDue(bench.deps)
  expect(await idle(source.id)).toMatchObject({ state: 'unchanged' })
  expect(await actions()).toEqual(before)
})

test('a check that fails leaves the tools and comes again', async () => {
  const source = await applied()
  bench.answer = () => ({ ...answerOf('no'), status: 500 })
  bench.nowMs += 6 * HOUR_MS
  await recheckDue(bench.deps)
  expect(await idle(source.id)).toMatchObject({ state: 'failed' })
  expect(await toolNames()).toHaveLength(1)
  bench.nowMs += 6 * HOUR_MS
  expect(await recheckDue(bench.deps)).toBe(1)
  await idle(source.id)
})
