import { afterEach, beforeEach, expect, test } from 'bun:test'
import { insertProject } from '../../src/store/project_store.ts'
import { findResult, insertResult, type ResultHolder } from '../../src/store/result_store.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

let store: TestStore
let projectId = 0

beforeEach(async () => {
  store = openTestStore()
  const project = { slug: 'p', name: 'p', description: '', nowMs: 0 }
  projectId = (await store.database.write(() => insertProject(project)))?.id ?? 0
})
afterEach(() => store.close())

const hashOf = (n: number) => new Uint8Array(32).fill(n)
const holderOf = (holder: string): ResultHolder => ({ projectId, integrationId: 1, holder })
const limits = { holderBytes: 10_000, totalBytes: 25_000 }

/** Keeps 3,000 bytes of somebody; a row takes 1,024 more. */
const keep = (n: number, holder: string, atMs = n) => {
  const result = { ...holderOf(holder), hash: hashOf(n), toolId: 1, kind: 'json' as const }
  const times = { createdAtMs: atMs, expiresAtMs: atMs + 1_000 }
  const sealed = new Uint8Array(3_000)
  return store.database.write(() =>
    insertResult({ ...result, ...times, sealed, pageBytes: 1_024 }, limits),
  )
}
const isKept = async (n: number, holder: string, nowMs = n) => {
  const found = await store.database.read(() => findResult(holderOf(holder), hashOf(n), nowMs))
  return found !== null
}

test('a holder keeps the newest answers that fit into its room; the oldest goes first', async () => {
  for (const n of [1, 2, 3]) await keep(n, 'a')
  expect([await isKept(1, 'a'), await isKept(2, 'a'), await isKept(3, 'a')]).toEqual([
    false,
    true,
    true,
  ])
})

test('one who keeps much pushes out nothing of another within the room of all', async () => {
  await keep(1, 'b')
  for (const n of [2, 3, 4, 5, 6]) await keep(n, 'a')
  expect(await isKept(1, 'b')).toBe(true)
})

test('the oldest of all goes when all together keep too much', async () => {
  for (const [at, holder] of ['a', 'b', 'c', 'd', 'e', 'f', 'g'].entries()) await keep(at, holder)
  expect([await isKept(0, 'a'), await isKept(1, 'b'), await isKept(6, 'g')]).toEqual([
    false,
    true,
    true,
  ])
})

test('an answer is found by its holder alone, and until it expires', async () => {
  await keep(1, 'a', 0)
  expect(await isKept(1, 'a', 999)).toBe(true)
  expect(await isKept(1, 'a', 1_000)).toBe(false)
  expect(await isKept(1, 'b', 0)).toBe(false)
  const elsewhere = { ...holderOf('a'), integrationId: 2 }
  expect(await store.database.read(() => findResult(elsewhere, hashOf(1), 0))).toBeNull()
})

test('what has expired is deleted with the next answer that is kept', async () => {
  await keep(1, 'a', 0)
  await keep(2, 'b', 5_000)
  const count = await store.database.read(function* () {
    const [row] = yield { sql: 'SELECT count(*) AS n FROM results', params: [] }
    return row?.n
  })
  expect(count).toBe(1)
})
