import { afterAll, beforeAll, expect, test } from 'bun:test'
import { newRunId } from '../../src/lib/run_id.ts'
import type { RunStart } from '../../src/model/run.ts'
import { insertProject } from '../../src/store/project_store.ts'
import {
  claimLeftMs,
  clampClaims,
  findClaim,
  keepAnswer,
  pruneClaims,
} from '../../src/store/run_claim_store.ts'
import { closeAbandonedRuns, insertSendingRun } from '../../src/store/run_store.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

const day = 86_400_000
const nowMs = 1_800_000_000_000
const time = { nowMs, bootId: 5, monotonicMs: 1_000 }
let store: TestStore
let count = 0

beforeAll(async () => {
  store = openTestStore()
  const project = { slug: 'p', name: 'p', description: '', nowMs }
  await store.database.write(() => insertProject(project))
})
afterAll(() => store.close())

function runWith(hash: Uint8Array, startedAtMs = nowMs): RunStart {
  return {
    ...{ id: newRunId(), projectId: 1, integrationId: 1, toolId: 1, toolVersion: 1 },
    ...{ memberExternalId: null, memberId: null, memberSource: null },
    ...{ httpMethod: 'POST', startedAtMs, source: 'mcp' },
    claim: { hash, requestHash: null, keyHint: null },
  }
}

const newHash = () => new Uint8Array(16).fill(++count)
const insert = (run: RunStart) => store.database.write(() => insertSendingRun(run))
const holds = async (hash: Uint8Array) =>
  (await store.database.read(() => findClaim(hash))) !== null

/** A run that holds a claim for so long. */
async function held(lifeMs: number): Promise<Uint8Array> {
  const hash = newHash()
  const seq = (await insert(runWith(hash))) ?? 0
  const sealed = new Uint8Array([1])
  await store.database.write(() => keepAnswer(seq, { sealed, lifeMs }, time))
  return hash
}

test('R1: one row at most holds a claim, whoever inserts it', async () => {
  const hash = newHash()
  const seqs = await Promise.all([1, 2, 3].map(() => insert(runWith(hash))))
  expect(seqs.filter((seq) => seq !== null)).toHaveLength(1)
})

test('case 217: pruning ends what is over, in chunks, and nothing else', async () => {
  const over = [await held(1_000), await held(2_000), await held(3_000)]
  const lives = await held(60_000)
  const later = { ...time, nowMs: nowMs + 5_000, monotonicMs: 6_000 }
  const prune = () => store.database.write(() => pruneClaims(later, 2))
  expect([await prune(), await prune(), await prune()]).toEqual([2, 1, 0])
  for (const hash of over) expect(await holds(hash)).toBe(false)
  expect(await holds(lives)).toBe(true)
})

test('case 218: for the process that made it, the time of day does not count', async () => {
  const hash = await held(60_000)
  const setForward = { ...time, nowMs: nowMs + 10 * day }
  await store.database.write(() => pruneClaims(setForward, 100))
  expect(await holds(hash)).toBe(true)
  const earlier = await store.database.read(() => findClaim(hash))
  if (earlier === null) throw new Error('no claim')
  expect(claimLeftMs(earlier, setForward)).toBe(60_000)
  expect(claimLeftMs(earlier, { ...setForward, bootId: 6 })).toBeLessThan(0)
})

test('case 217: a run that a dead process left holds its request for a day from its start', async () => {
  const hash = newHash()
  await insert(runWith(hash, nowMs - 3_600_000))
  await store.database.write(() => closeAbandonedRuns(nowMs))
  const prune = (atMs: number) =>
    store.database.write(() => pruneClaims({ nowMs: atMs, bootId: 9, monotonicMs: 0 }, 100))
  await prune(nowMs + day - 3_600_001)
  expect(await holds(hash)).toBe(true)
  await prune(nowMs + day - 3_600_000)
  expect(await holds(hash)).toBe(false)
})

test('case 218: a claim of a time that was too late is cut to a day at start', async () => {
  const hash = await held(5 * day)
  await store.database.write(() => clampClaims(nowMs))
  const earlier = await store.database.read(() => findClaim(hash))
  if (earlier === null) throw new Error('no claim')
  expect(claimLeftMs(earlier, { nowMs, bootId: 6, monotonicMs: 0 })).toBe(day)
})
