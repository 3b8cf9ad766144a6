import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { addUpUsage, countCallsOn, hasNewUsage, sumUsage } from '../../src/store/usage_store.ts'
import { memoryStore } from './usage_rows.ts'

const dayMs = 86_400_000
const everything = { projectId: 1, groupBy: 'day', sinceDay: null, untilDay: null } as const

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('read'), lateBy: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('claim'), lateBy: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('finish'), lateBy: fc.nat(9) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('add up'), lateBy: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune'), lateBy: fc.constant(0) }) },
  ),
  { maxLength: 60 },
)

test('every ended run is added up once, whenever that is done and whatever is deleted later', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const store = memoryStore()
      const open: number[] = []
      let id = 10
      let ended = 0
      for (const { kind, lateBy } of history) {
        if (kind === 'read') {
          // A read is recorded when it ends: one that took longer has an earlier id.
          id += 10
          store.insert({ id: id - lateBy, state: 'done', startedAtMs: 5 * dayMs })
          ended++
        } else if (kind === 'claim') {
          id += 10
          open.push(store.insert({ id: id - lateBy, state: 'sending', startedAtMs: 5 * dayMs }))
        } else if (kind === 'finish' && open.length > 0) {
          const [seq = 0] = open.splice(lateBy % open.length, 1)
          store.finish(seq, 'unknown')
          ended++
        } else if (kind === 'add up') {
          await store.database.write(addUpUsage)
        } else if (kind === 'prune') {
          await store.database.write(addUpUsage)
          store.deleteEnded()
          // What is deleted began long before whatever comes now.
          id += 1000
        }
        const tool = { owner: 'tool', id: 3 } as const
        expect(await store.database.read(() => countCallsOn(1, tool, 5))).toBe(ended)
      }
      await store.database.write(addUpUsage)
      expect((await store.database.read(() => sumUsage(everything))).calls).toBe(ended)
      if (open.length === 0) expect(await store.database.read(hasNewUsage)).toBe(false)
      await store.database.close()
    }),
    { numRuns: 40 },
  )
}, 30_000)

test('adding up twice adds nothing; a run under way is added when it has ended', async () => {
  const store = memoryStore()
  expect(await store.database.read(hasNewUsage)).toBe(false)
  store.insert({ id: 1, state: 'done', startedAtMs: 5 * dayMs })
  const seq = store.insert({ id: 2, state: 'sending', startedAtMs: 6 * dayMs })
  const sums = async () => {
    await store.database.write(addUpUsage)
    const { calls, errors, unknown } = await store.database.read(() => sumUsage(everything))
    return [calls, errors, unknown]
  }
  expect(await sums()).toEqual([1, 0, 0])
  expect(await sums()).toEqual([1, 0, 0])
  store.finish(seq, 'unknown')
  expect(await store.database.read(hasNewUsage)).toBe(true)
  expect(await sums()).toEqual([2, 1, 1])
  expect(await sums()).toEqual([2, 1, 1])
  await store.database.close()
})
