import { describe, expect, test } from 'bun:test'
import { type Attempt, SignInRecord } from '../../src/access/sign_in_record.ts'

const minuteMs = 60_000
const attempt: Attempt = {
  at: 'sign_in',
  email: 'a@example.com',
  userId: null,
  address: '203.0.113.7',
}

/** How many of ten thousand failures in this many minutes go on record, each from its address. */
function recordedOf(addressOf: (n: number) => string, minutes: number, isThrottled = false) {
  const record = new SignInRecord()
  const stepMs = (minutes * minuteMs) / 10_000
  const told = Array.from({ length: 10_000 }, (_, n) => {
    const email = `a${n}@example.com`
    const failed = { attempt: { ...attempt, email, address: addressOf(n) }, isThrottled }
    return record.admit(failed, 1_000 + n * stepMs)
  })
  return told.filter((leftOut) => leftOut !== null)
}

const ofOne = () => '203.0.113.7'
const ofMany = (n: number) => `10.0.${n >> 8}.${n & 255}`

describe('case 264: ten thousand failed sign-ins', () => {
  test.each([
    ['from one address at once', ofOne, 0, false, 20],
    ['from one address in a quarter of an hour', ofOne, 15, false, 39],
    ['from as many addresses', ofMany, 0, false, 60],
    ['from one IPv6 network', (n: number) => `2001:db8::${n.toString(16)}`, 0, false, 20],
    ['that were held back, from one address', ofOne, 0, true, 1],
    ['that were held back, from as many addresses', ofMany, 0, true, 20],
  ] as const)('%s write a few dozen rows', (_, addressOf, minutes, isThrottled, most) => {
    const { length } = recordedOf(addressOf, minutes, isThrottled)
    expect(length).toBe(most)
  })

  test('leave room for others beside one guesser, and are counted where they are left out', () => {
    const record = new SignInRecord()
    const fail = (address: string, nowMs: number) =>
      record.admit({ attempt: { ...attempt, address }, isThrottled: false }, nowMs)
    for (let n = 0; n < 10_000; n++) fail('203.0.113.7', 1_000)
    expect(fail('198.51.100.1', 1_000)).toBe(9_980)
    expect(fail('198.51.100.1', 1_000)).toBe(0)
  })

  test('of a person whose password is known are told of apart from those of the address', () => {
    const record = new SignInRecord()
    const throttled = (more: Partial<Attempt>) =>
      record.admit({ attempt: { ...attempt, ...more }, isThrottled: true }, 1_000) !== null
    const code = { at: 'second_factor', userId: 1 } as const
    expect([throttled({}), throttled({})]).toEqual([true, false])
    expect([throttled(code), throttled({ ...code, address: '198.51.100.1' })]).toEqual([
      true,
      false,
    ])
    expect([throttled({ ...code, userId: 2 }), throttled({ userId: 1 })]).toEqual([true, true])
  })
})
