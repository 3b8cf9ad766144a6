import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FailedAttempts } from '../../src/access/failed_attempts.ts'
import { AppError, catalogue, type ErrorCode } from '../../src/errors.ts'

const wrongKey = new AppError('invalid_api_key')

/** A counter of failures and the hand that moves its clock. */
function counter(perMinute: number) {
  const clock = { ms: 500.25, nowMs: () => 0, monotonicMs: () => clock.ms }
  const attempts = new FailedAttempts(clock, perMinute)
  const fail = (address: string | null): ErrorCode => attempts.judge(wrongKey, address).code
  const failTimes = (times: number, address: string | null) =>
    Array.from({ length: times }, () => fail(address))
  return { clock, attempts, fail, failTimes }
}

const times = <T>(count: number, item: T): T[] => new Array<T>(count).fill(item)

describe('case 60: failed authentications from one address', () => {
  test('are answered as they are up to the limit, then with 429 and an honest Retry-After', () => {
    const { clock, attempts, fail, failTimes } = counter(20)
    expect(failTimes(20, '203.0.113.7')).toEqual(times(20, 'invalid_api_key'))
    const refused = attempts.judge(wrongKey, '203.0.113.7')
    expect([refused.code, refused.status]).toEqual(['too_many_failures', 429])
    expect(refused.retryAfterSeconds).toBe(3)
    expect(refused.reason).toContain('20 times a minute')
    expect(refused.cause).toBe(wrongKey)
    clock.ms += 2000
    expect(fail('203.0.113.7')).toBe('too_many_failures')
    clock.ms += 1000
    expect(failTimes(2, '203.0.113.7')).toEqual(['invalid_api_key', 'too_many_failures'])
  })

  test('pass unchanged until then: the very error comes back', () => {
    expect(counter(1).attempts.judge(wrongKey, '203.0.113.7')).toBe(wrongKey)
  })

  test('a thousand a second get no more than the limit through in a minute', () => {
    const { clock, fail } = counter(60)
    let through = 0
    for (let attempt = 0; attempt < 60_000; attempt++) {
      if (fail('203.0.113.7') === 'invalid_api_key') through++
      clock.ms += 1
    }
    expect(through).toBe(119)
  })

  test('count for the three credentials alone; every other error passes, and counts nothing', () => {
    const codes = Object.keys(catalogue) as ErrorCode[]
    const counted = codes.filter((code) => {
      const { attempts, fail } = counter(1)
      const error = new AppError(code)
      expect(attempts.judge(error, '203.0.113.7')).toBe(error)
      return fail('203.0.113.7') === 'too_many_failures'
    })
    expect(counted.toSorted()).toEqual(['invalid_admin_token', 'invalid_api_key', 'invalid_token'])
  })

  test('hold back no other error, even when the address has used up its failures', () => {
    const { attempts, failTimes } = counter(1)
    failTimes(5, '203.0.113.7')
    for (const code of ['permission_denied', 'rate_limited', 'member_token_expired'] as const) {
      const error = new AppError(code)
      expect(attempts.judge(error, '203.0.113.7')).toBe(error)
    }
    for (const code of ['invalid_admin_token', 'invalid_token'] as const) {
      expect(attempts.judge(new AppError(code), '203.0.113.7').code).toBe('too_many_failures')
    }
  })

  test('are not limited where the setting is 0, nor over the socket of the machine itself', () => {
    expect(counter(0).failTimes(1000, '203.0.113.7')).toEqual(times(1000, 'invalid_api_key'))
    expect(counter(1).failTimes(1000, null)).toEqual(times(1000, 'invalid_api_key'))
  })

  const together: readonly (readonly [string, string, boolean])[] = [
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['192.0.2.1', '::ffff:c000:201', true],
    ['192.0.2.1', '::ffff:192.0.2.2', false],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:0DB8:0001:0002::2', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['fe80::1%eth0', 'fe80::2%eth1', true],
    ['fe80::1%eth0', 'fe80::2', true],
    ['c000:201::', '192.0.2.1', false],
    ['not an address', 'nor this', true],
    ['not an address', '192.0.2.1', false],
  ]
  for (const [first, second, areOne] of together) {
    test(`${first} and ${second} are counted ${areOne ? 'together' : 'apart'}`, () => {
      const { fail } = counter(1)
      expect(fail(first)).toBe('invalid_api_key')
      expect(fail(second)).toBe(areOne ? 'too_many_failures' : 'invalid_api_key')
    })
  }

  test('an IPv6 host gains nothing by changing the half of its address that it may choose', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))
    const half = fc.array(group, { minLength: 4, maxLength: 4 }).map((groups) => groups.join(':'))
    fc.assert(
      fc.property(half, half, half, (prefix, first, second) => {
        fc.pre(!`${prefix}:${first}:${second}`.startsWith('0:0:0:0:'))
        const { fail } = counter(1)
        expect(fail(`${prefix}:${first}`)).toBe('invalid_api_key')
        expect(fail(`${prefix}:${second}`)).toBe('too_many_failures')
      }),
      { numRuns: 200 },
    )
  })
})

describe('case 60: the memory of failures is bounded', () => {
  const addressOf = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`

  const filled = (count: number) => {
    const own = counter(1)
    for (let index = 0; index < count; index++) own.fail(addressOf(index))
    return own
  }

  test('ten thousand addresses are remembered', () => {
    const own = filled(10_000)
    for (let index = 0; index < 10_000; index++) {
      expect(own.fail(addressOf(index))).toBe('too_many_failures')
    }
  })

  test('one more pushes out the hundred that failed longest ago, and no other', () => {
    const own = filled(10_000)
    own.fail(addressOf(0))
    own.fail(addressOf(10_000))
    for (const index of [0, 101, 102, 5000, 10_000]) {
      expect([index, own.fail(addressOf(index))]).toEqual([index, 'too_many_failures'])
    }
    for (const index of [1, 2, 99, 100]) {
      expect([index, own.fail(addressOf(index))]).toEqual([index, 'invalid_api_key'])
    }
  })

  test('an address that is remembered pushes out none', () => {
    const own = filled(10_000)
    for (let round = 0; round < 3; round++) own.fail(addressOf(9999))
    expect(own.fail(addressOf(0))).toBe('too_many_failures')
  })

  test('an address that keeps failing is not pushed out by ten thousand others', () => {
    const own = counter(1)
    own.fail('203.0.113.7')
    for (let index = 0; index < 30_000; index++) {
      own.fail(addressOf(index))
      if (index % 9000 === 0) expect(own.fail('203.0.113.7')).toBe('too_many_failures')
    }
  })
})
