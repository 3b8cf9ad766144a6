import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { MasterKey, newMasterKeyBytes } from '../../src/crypto/master_key.ts'
import { seal, unseal } from '../../src/crypto/seal.ts'

const key = new MasterKey(newMasterKeyBytes())
const context = { projectId: 1, toolId: 2, field: 'auth_secret' }
const undecryptable = expect.objectContaining({
  code: 'secret_undecryptable',
  message: 'Failed to decrypt auth secret',
})

test('case 243: whatever is sealed opens again and its plain text stands nowhere in the sealed form', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 4, unit: 'grapheme' }), (secret) => {
      const sealed = seal(key, context, secret)
      expect(unseal(key, context, sealed)).toBe(secret)
      expect(Buffer.from(sealed).includes(Buffer.from(secret))).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test('case 244: a sealed value opens for its own project, tool and field only', () => {
  const sealed = seal(key, context, 'secret')
  for (const other of [
    { ...context, projectId: 2 },
    { ...context, toolId: 3 },
    { ...context, field: 'previous_auth_secret' },
  ]) {
    expect(() => unseal(key, other, sealed)).toThrow(undecryptable)
  }
})

test('case 245: one changed bit anywhere is found', () => {
  const sealed = seal(key, context, 'secret')
  for (let i = 0; i < sealed.length; i++) {
    const changed = Uint8Array.from(sealed)
    changed[i] = (changed[i] ?? 0) ^ 1
    expect(() => unseal(key, context, changed)).toThrow(undecryptable)
  }
})

test('another master key opens nothing, and a cut value is refused', () => {
  const sealed = seal(key, context, 'secret')
  const other = new MasterKey(newMasterKeyBytes())
  expect(() => unseal(other, context, sealed)).toThrow(undecryptable)
  for (const length of [0, 1, 8, 9, 40, sealed.length - 1]) {
    expect(() => unseal(key, context, sealed.subarray(0, length))).toThrow(undecryptable)
  }
})

test('case 249: sealing the same text twice never gives the same bytes', () => {
  const seen = new Set<string>()
  for (let i = 0; i < 2_000; i++) seen.add(Buffer.from(seal(key, context, 'x')).toString('hex'))
  expect(seen.size).toBe(2_000)
})
