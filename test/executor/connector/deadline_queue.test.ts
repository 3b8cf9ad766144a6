import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteCollector } from '../../../src/executor/connector/byte_collector.ts'
import { DeadlineQueue, Expiring } from '../../../src/executor/connector/deadline_queue.ts'

class Entry extends Expiring {
  readonly deadlineAtMs: number
  expiredAtMs = 0
  private readonly onExpiry: () => void

  constructor(inMs: number, onExpiry: () => void = () => {}) {
    super()
    this.deadlineAtMs = performance.now() + inMs
    this.onExpiry = onExpiry
  }

  override expire(): void {
    this.expiredAtMs = performance.now()
    this.onExpiry()
  }
}

test('each entry expires after its time, the earlier ones first, in any order of adding', async () => {
  const queue = new DeadlineQueue()
  const entries = [60, 20, 40, 20, 80].map((inMs) => new Entry(inMs))
  for (const entry of entries) queue.add(entry)
  while (entries.some(({ expiredAtMs }) => expiredAtMs === 0)) await Bun.sleep(5)
  for (const { deadlineAtMs, expiredAtMs } of entries) {
    expect(expiredAtMs).toBeGreaterThanOrEqual(deadlineAtMs)
  }
  const inOrder = entries.toSorted((a, b) => a.deadlineAtMs - b.deadlineAtMs)
  const ends = inOrder.map(({ expiredAtMs }) => expiredAtMs)
  expect(ends).toEqual(ends.toSorted((a, b) => a - b))
})

test('an entry that was deleted never expires, wherever it stood', async () => {
  const queue = new DeadlineQueue()
  const entries = Array.from({ length: 5 }, () => new Entry(20))
  for (const entry of entries) queue.add(entry)
  for (const i of [0, 2, 4]) queue.delete(entries[i] as Entry)
  queue.delete(new Entry(20))
  while (entries[3]?.expiredAtMs === 0) await Bun.sleep(5)
  await Bun.sleep(20)
  expect(entries.map(({ expiredAtMs }) => expiredAtMs > 0)).toEqual([
    false,
    true,
    false,
    true,
    false,
  ])
})

test('one that expires may delete another that is due, or add one', async () => {
  const queue = new DeadlineQueue()
  const late = new Entry(40)
  const both = [0, 1].map((i) => new Entry(15, () => queue.delete(both[1 - i] as Entry)))
  const adding = new Entry(15, () => queue.add(late))
  for (const entry of [...both, adding]) queue.add(entry)
  while (late.expiredAtMs === 0) await Bun.sleep(5)
  expect(both.filter(({ expiredAtMs }) => expiredAtMs > 0)).toHaveLength(1)
  expect(late.expiredAtMs).toBeGreaterThan(0)
})

test('an entry may be added again after it was deleted', async () => {
  const queue = new DeadlineQueue()
  const entry = new Entry(20)
  queue.add(entry)
  queue.delete(entry)
  queue.add(entry)
  while (entry.expiredAtMs === 0) await Bun.sleep(5)
  expect(entry.expiredAtMs).toBeGreaterThan(0)
})

test('pieces of any size come out as one, in order', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.nat({ max: 70_000 }).map((length) => new Uint8Array(length).fill(length & 255)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const collector = new ByteCollector()
      for (const each of pieces) collector.add(Buffer.from(each))
      const whole = Buffer.concat(pieces)
      expect(collector.length).toBe(whole.length)
      expect(collector.take().equals(whole)).toBe(true)
      expect(collector.length).toBe(0)
    }),
    { numRuns: 100 },
  )
})
