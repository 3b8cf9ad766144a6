import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { addressGroup } from '../../src/lib/address_group.ts'
import { Allowances } from '../../src/lib/allowances.ts'

test('as many as allowed pass at once, and then one for each share of the period', () => {
  const allowances = new Allowances({ count: 3, periodMs: 60_000 })
  const taken = [0, 0, 0, 0].map(() => allowances.take('a', 1_000))
  expect(taken).toEqual([0, 0, 0, 20])
  expect(allowances.take('b', 1_000)).toBe(0)
  expect(allowances.take('a', 20_999)).toBe(1)
  expect(allowances.take('a', 21_000)).toBe(0)
  expect(allowances.take('a', 21_000)).toBe(20)
  expect([0, 0, 0, 0].map(() => allowances.take('a', 200_000))).toEqual([0, 0, 0, 20])
})

test('never more than twice the allowance in any period, and waiting as told is enough', () => {
  const act = fc.record({ waitMs: fc.integer({ min: 0, max: 30_000 }) })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.array(act, { maxLength: 200 }),
      (count, acts) => {
        const periodMs = 60_000
        const allowances = new Allowances({ count, periodMs })
        const passedAtMs: number[] = []
        let nowMs = 0
        for (const { waitMs } of acts) {
          nowMs += waitMs
          const seconds = allowances.take('a', nowMs)
          if (seconds > 0) {
            nowMs += seconds * 1000
            expect(allowances.take('a', nowMs)).toBe(0)
          }
          passedAtMs.push(nowMs)
        }
        for (const at of passedAtMs) {
          const within = passedAtMs.filter((ms) => ms >= at && ms < at + periodMs)
          expect(within.length).toBeLessThanOrEqual(2 * count)
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('case 276: what is remembered is bounded, the oldest going first', () => {
  const allowances = new Allowances({ count: 1, periodMs: 3_600_000 })
  for (let i = 0; i < 30_000; i++) expect(allowances.take(`key-${i}`, i)).toBe(0)
  expect(allowances.take('key-29999', 30_000)).toBeGreaterThan(0)
  expect(allowances.take('key-0', 30_000)).toBe(0)
})

test('addresses are counted by IPv4 address and IPv6 /64', () => {
  expect(addressGroup('203.0.113.7')).not.toBe(addressGroup('203.0.113.8'))
  expect(addressGroup('2001:db8::1')).toBe(addressGroup('2001:db8::2%eth0'))
  expect(addressGroup('2001:db8::1')).not.toBe(addressGroup('2001:db8:0:1::1'))
  expect(addressGroup('::ffff:203.0.113.7')).toBe(addressGroup('203.0.113.7'))
  expect(addressGroup('nonsense')).toBe('unknown')
})
