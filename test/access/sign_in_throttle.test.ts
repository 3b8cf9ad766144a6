import { describe, expect, test } from 'bun:test'
import { SignInThrottle } from '../../src/access/sign_in_throttle.ts'
import { AppError } from '../../src/errors.ts'

const minuteMs = 60_000

function throttleAt() {
  const clock = { ms: 7_000.5, nowMs: () => 0, monotonicMs: () => clock.ms }
  const throttle = new SignInThrottle(clock)
  /** Null where it is admitted, else for how many seconds it is not. */
  const fail = (email: string, address: string | null = '203.0.113.7') => {
    try {
      throttle.admitPassword(email, address)
      return null
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'too_many_sign_ins') throw error
      return error.retryAfterSeconds
    }
  }
  return { clock, throttle, fail }
}

describe('case 255: failed sign-ins', () => {
  test('of one account from one address are ten in any quarter of an hour', () => {
    const { clock, fail } = throttleAt()
    for (let n = 0; n < 10; n++) {
      expect(fail('a@example.com')).toBeNull()
      clock.ms += minuteMs
    }
    expect(fail('A@Example.com')).toBe(300)
    expect([fail('b@example.com'), fail('a@example.com', '198.51.100.1')]).toEqual([null, null])
    clock.ms += 5 * minuteMs
    // The first one is forgotten, the others are not.
    expect([fail('a@example.com'), fail('a@example.com')]).toEqual([null, 60])
  })

  test('one that succeeds takes them back', () => {
    const { throttle, fail } = throttleAt()
    for (let n = 0; n < 9; n++) fail('a@example.com')
    throttle.admitPassword('a@example.com', '203.0.113.7')()
    for (let n = 0; n < 10; n++) expect(fail('a@example.com')).toBeNull()
    expect(fail('a@example.com')).toBe(900)
  })

  test('of an IPv6 host are counted together, whichever address it takes', () => {
    const { fail } = throttleAt()
    for (let n = 0; n < 10; n++) expect(fail('a@example.com', `2001:db8::${n}`)).toBeNull()
    expect(fail('a@example.com', '2001:db8::ffff')).toBe(900)
    expect(fail('a@example.com', '2001:db8:0:1::1')).toBeNull()
  })

  test('from one address at one account after the other are a hundred', () => {
    const { fail } = throttleAt()
    for (let n = 0; n < 100; n++) expect(fail(`a${n}@example.com`)).toBeNull()
    expect(fail('another@example.com')).toBe(900)
    expect(fail('another@example.com', '198.51.100.1')).toBeNull()
  })

  test('of a second factor are ten from anywhere', () => {
    const { clock, throttle } = throttleAt()
    for (let n = 0; n < 10; n++) throttle.admitCode(7)
    expect(() => throttle.admitCode(7)).toThrow('Too many failed sign-ins')
    throttle.admitCode(8)
    clock.ms += 15 * minuteMs
    throttle.admitCode(7)
  })

  test('take bounded memory, however many accounts and addresses there are', () => {
    const { throttle, fail } = throttleAt()
    for (let n = 0; n < 30_000; n++) {
      fail(`a${n}@example.com`, `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)
    }
    const held = Reflect.get(throttle, 'failures') as Map<string, unknown>
    expect(held.size).toBeLessThanOrEqual(20_000)
    expect(held.size).toBeGreaterThan(18_000)
  })
})
