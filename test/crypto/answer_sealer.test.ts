import { expect, test } from 'bun:test'
import { AnswerSealer } from '../../src/crypto/answer_sealer.ts'
import { MasterKey, newMasterKeyBytes } from '../../src/crypto/master_key.ts'

const masterKey = new MasterKey(newMasterKeyBytes())
const value = Buffer.from('{"order":17,"secret":"a canary"}')

test('opens for its owner, in this process and in the next', () => {
  const sealer = new AnswerSealer(masterKey)
  const sealed = [sealer.seal('run|a', value), sealer.seal('run|b', value)] as const
  for (const opener of [sealer, new AnswerSealer(masterKey)]) {
    expect(Buffer.from(opener.unseal('run|a', sealed[0]))).toEqual(value)
    expect(Buffer.from(opener.unseal('run|b', sealed[1]))).toEqual(value)
  }
  expect(Buffer.from(sealed[0]).includes('canary')).toBe(false)
  expect(Buffer.from(sealed[0]).subarray(29)).not.toEqual(Buffer.from(sealed[1]).subarray(29))
})

test('case 244: opens for no other owner, under no other key, and with no byte changed', () => {
  const sealer = new AnswerSealer(masterKey)
  const sealed = sealer.seal('run|a', value)
  const refused = (open: () => unknown) =>
    expect(open).toThrow(expect.objectContaining({ code: 'secret_undecryptable' }))
  refused(() => sealer.unseal('run|b', sealed))
  refused(() => new AnswerSealer(new MasterKey(newMasterKeyBytes())).unseal('run|a', sealed))
  for (let at = 0; at < sealed.byteLength; at++) {
    const changed = Uint8Array.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    refused(() => sealer.unseal('run|a', changed))
  }
  refused(() => sealer.unseal('run|a', new Uint8Array()))
})

test('an empty value is one too', () => {
  const sealer = new AnswerSealer(masterKey)
  expect(sealer.unseal('x', sealer.seal('x', new Uint8Array()))).toHaveLength(0)
})
