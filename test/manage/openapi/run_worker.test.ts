import { afterEach, expect, test } from 'bun:test'
import { cancelImport, startImport } from '../../../src/manage/openapi/imports.ts'
import { admin, documentWith, type ImportBench, openBench, uploaded } from './import_bench.ts'

let bench: ImportBench
afterEach(async () => {
  await bench.deps.jobs.close()
  await bench.store.close()
})

const startWorker = () => new Worker(new URL('./stub_worker.ts', import.meta.url).href)

async function outcomeOf(word: string) {
  const source = await bench.addSource()
  const started = await startImport(bench.deps, admin, {
    sourceId: source.id,
    origin: uploaded(word),
  })
  return { source, started }
}

test.each([
  ['crash', /crashed|unexpectedly/],
  ['exit', /unexpectedly|crashed/],
])('a worker that dies (%s) is a failed import and nothing else', async (word, reason) => {
  bench = await openBench({ startWorker })
  const { source } = await outcomeOf(word)
  const found = await bench.settled(source.id)
  expect(found).toMatchObject({ state: 'failed', error: { code: 'import_failed' } })
  expect(found.error?.reason).toMatch(reason)
})

test('a worker that hangs is ended when its time is up', async () => {
  bench = await openBench({ startWorker, timeoutMs: 150 })
  const { source } = await outcomeOf('hang')
  const found = await bench.settled(source.id)
  expect(found).toMatchObject({ state: 'failed', error: { code: 'import_failed' } })
  expect(found.error?.reason).toContain('longer than 0.15 s')
})

test('a worker that takes too much memory is ended', async () => {
  bench = await openBench({ startWorker, maxGrowthBytes: 100 * 1024 * 1024 })
  const { source } = await outcomeOf('grow')
  const found = await bench.settled(source.id)
  expect(found.error?.reason).toContain('memory')
})

test('an import is cancelled in the middle, and the place is given back', async () => {
  bench = await openBench({ startWorker })
  const { source, started } = await outcomeOf('hang')
  const target = { sourceId: source.id, importId: started.id }
  while (bench.deps.jobs.find(started.id)?.progress.phase !== 'reading') await Bun.sleep(1)
  expect(await cancelImport(bench.deps, admin, target)).toMatchObject({ state: 'cancelled' })
  while (bench.deps.jobs.find(started.id) !== null) await Bun.sleep(1)
  const again = await startImport(bench.deps, admin, {
    sourceId: source.id,
    origin: uploaded('crash'),
  })
  expect((await bench.settled(source.id, again.id)).state).toBe('failed')
})

test('the real worker reads what the stub was given a place for', async () => {
  bench = await openBench()
  const { source } = await outcomeOf(documentWith(['/a', '/b']))
  expect(await bench.settled(source.id)).toMatchObject({ state: 'ready', counts: { added: 2 } })
})
