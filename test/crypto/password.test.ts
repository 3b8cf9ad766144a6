import { describe, expect, test } from 'bun:test'
import {
  checkPasswordStrength,
  hashPassword,
  needsRehash,
  verifyPassword,
} from '../../src/crypto/password.ts'
import { AppError } from '../../src/errors.ts'

const good = 'plum velvet tractor 71'
const weakness = (password: string) => {
  try {
    checkPasswordStrength(password, 'anna.example@example.com')
    return null
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    return (error as AppError).code
  }
}

describe('a password', () => {
  test.each([
    'short',
    'elevenchars',
    'password1234',
    'PassWord1234',
    '123456789012',
    'qwertyuiop123',
    'aaaaaaaaaaaaaaaa',
    'abababababababab',
    'anna.example@example.com',
    'Anna.Example@example.com',
    'x'.repeat(2000),
  ])('that can be guessed is refused: %p', (password) => {
    expect(weakness(password)).toBe('weak_password')
  })

  test.each([good, 'twelve-chars', 'пароль из слов', '🐙🦑🐡🐠🐟🐬🐳🐋🦈🐊🐅🐆'])(
    'that cannot is taken: %p',
    (password) => expect(weakness(password)).toBeNull(),
  )

  test('characters are counted, not the units they are made of', () => {
    expect(weakness('🐙🦑🐡🐠🐟🐬🐳🐋🦈🐊🐅')).toBe('weak_password')
  })

  test('is known again, however its characters are composed', async () => {
    const hash = await hashPassword('Crème brûlée de nuit')
    expect(hash).toStartWith('$argon2id$v=19$m=65536,t=3,p=1$')
    expect(await verifyPassword('Crème brûlée de nuit'.normalize('NFD'), hash)).toBe(true)
    expect(await verifyPassword('Creme brulee de nuit', hash)).toBe(false)
    expect(await verifyPassword('x'.repeat(100_000), hash)).toBe(false)
  })

  test('case 256: without a hash nothing fits, and the work is the same', async () => {
    const hash = await hashPassword(good)
    const timed = async (against: string | null) => {
      const startedAtMs = performance.now()
      expect(await verifyPassword('not the password', against)).toBe(false)
      return performance.now() - startedAtMs
    }
    const known: number[] = []
    const unknown: number[] = []
    for (let n = 0; n < 5; n++) {
      known.push(await timed(hash))
      unknown.push(await timed(null))
    }
    // A refusal without any work takes a thousandth of this.
    expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 3)
  })

  test('hashed at other costs is hashed anew', async () => {
    const old = await Bun.password.hash(good, {
      algorithm: 'argon2id',
      memoryCost: 64,
      timeCost: 1,
    })
    expect([needsRehash(old), needsRehash(await hashPassword(good))]).toEqual([true, false])
    expect(await verifyPassword(good, old)).toBe(true)
  })
})
