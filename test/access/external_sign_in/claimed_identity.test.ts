import { describe, expect, test } from 'bun:test'
import {
  type Claims,
  isIncomplete,
  readIdentity,
} from '../../../src/access/external_sign_in/claimed_identity.ts'

const issuer = 'https://login.example.com'
const entra = 'https://login.microsoftonline.com/7e9d1d0c/v2.0'
const read = (sources: readonly Claims[], at = issuer) =>
  readIdentity({ issuer: at, subject: 's' }, sources, 'groups')
const email = 'ada@example.com'

describe('who the provider says it is', () => {
  test('an address and its proof come from the same set of claims', () => {
    const unproven = { email: 'root@example.com' }
    expect(read([unproven, { email_verified: true }]).isEmailVerified).toBe(false)
    const both = read([unproven, { email, email_verified: true }])
    expect([both.email, both.isEmailVerified]).toEqual([email, true])
  })

  const unproven = [undefined, false, null, 'true', 1, [], {}].map((proof) => [proof])
  test.each(unproven)('email_verified %p proves nothing', (proof) => {
    const { email: told, isEmailVerified } = read([{ email, email_verified: proof }])
    expect([told, isEmailVerified]).toEqual([email, false])
  })

  test('xms_edov counts at Entra ID alone', () => {
    for (const proof of [true, 1, '1']) {
      expect(read([{ email, xms_edov: proof }], entra).isEmailVerified).toBe(true)
      expect(read([{ email, xms_edov: proof }]).isEmailVerified).toBe(false)
      const lookalike = 'https://login.microsoftonline.com.evil.example/'
      expect(read([{ email, xms_edov: proof }], lookalike).isEmailVerified).toBe(false)
    }
    for (const proof of [false, 0, '0', 'false', undefined]) {
      expect(read([{ email, xms_edov: proof }], entra).isEmailVerified).toBe(false)
    }
  })

  test('what cannot be an address is none', () => {
    for (const none of ['', 'ada', 'a b@c', 7, ['a@b.c'], `${'a'.repeat(300)}@b.c`, 'a@b\u202ec']) {
      const told = read([{ email: none, email_verified: true }])
      expect([told.email, told.isEmailVerified]).toEqual([null, false])
    }
  })

  test('a name that hides something is not shown, a long one is cut', () => {
    expect(read([{ name: ' Ada ' }]).name).toBe('Ada')
    expect(read([{ name: 'x'.repeat(500) }]).name?.length).toBe(100)
    for (const name of ['', '  ', 7, 'a\u202eb', 'a\nb']) expect(read([{ name }]).name).toBeNull()
    expect(read([{ name: '' }, { name: 'Ada' }]).name).toBe('Ada')
  })

  test('groups are texts: a list, or a single one; the first set that has the claim says them', () => {
    expect(read([{ groups: ['a', 1, null, ['b'], 'c'] }]).groups).toEqual(['a', 'c'])
    expect(read([{ groups: 'example.com' }]).groups).toEqual(['example.com'])
    expect(read([{}, { groups: ['b'] }]).groups).toEqual(['b'])
    expect(read([{ groups: [] }, { groups: ['b'] }]).groups).toEqual([])
    expect(read([{}]).groups).toEqual([])
  })

  test('groups left out as too many are not taken for none', () => {
    const pointed = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } }
    expect(() => read([pointed])).toThrow('may not enter')
    expect(() => read([{ groups: Array.from({ length: 2_001 }, String) }])).toThrow('may not enter')
    expect(read([{ ...pointed, groups: ['a'] }]).groups).toEqual(['a'])
  })

  test('the userinfo endpoint is asked for what the ID token leaves open', () => {
    const whole = { email, email_verified: true, groups: [] }
    expect(isIncomplete(whole, issuer, 'groups')).toBe(false)
    for (const missing of ['email', 'email_verified', 'groups']) {
      const { [missing]: _, ...rest } = whole as Record<string, unknown>
      expect(isIncomplete(rest, issuer, 'groups')).toBe(true)
    }
  })
})
