import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { SessionTokens, type SessionTokensOptions } from '../../src/access/session_tokens.ts'
import { MasterKey, newMasterKeyBytes } from '../../src/crypto/master_key.ts'
import { signSessionToken } from '../../src/crypto/session_token.ts'
import { newSigningKeyPair } from '../../src/crypto/signing_key.ts'
import type { Database } from '../../src/store/database.ts'
import { listLiveSigningKeys, replaceSigningKey } from '../../src/store/signing_key_store.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

const startMs = 1_790_000_000_900
const masterKey = new MasterKey(newMasterKeyBytes())
let nowMs = startMs
let store: TestStore

beforeEach(() => {
  nowMs = startMs
  store = openTestStore()
})
afterEach(() => store.close())

const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs }
const tokens = (changes: Partial<SessionTokensOptions> = {}) => {
  const { database } = store
  const options = { database, clock, masterKey, minutes: 15, allowUnverified: false }
  return new SessionTokens({ ...options, ...changes })
}
const member = { externalId: 'alice', email: null, roles: [], source: 'assertion' } as const
const claims = {
  projectId: 1,
  integrationId: 2,
  apiKeyId: 3,
  assertionKeyId: 4,
  memberId: 5,
  member,
}
/** The store, and how often it was read. */
function countedStore() {
  const { database } = store
  const counter = { reads: 0 }
  const counted: Database = {
    read: (operation) => {
      counter.reads++
      return database.read(operation)
    },
    write: (operation, durability) => database.write(operation, durability),
    record: (operation, durability) => database.record(operation, durability),
    close: () => database.close(),
  }
  return { counter, database: counted }
}
const keys = () => store.database.read(() => listLiveSigningKeys(nowMs))

describe('signing', () => {
  test('gives a token that ends the set minutes after the second it was made in', async () => {
    for (const minutes of [2, 15, 60]) {
      const own = tokens({ minutes })
      const { token, expiresAtMs } = await own.sign(claims)
      expect(expiresAtMs).toBe(1_790_000_000_000 + minutes * 60_000)
      const read = await own.read(token)
      expect(read).toMatchObject({
        ...claims,
        issuedAtSeconds: 1_790_000_000,
        expiresAtSeconds: 1_790_000_000 + minutes * 60,
      })
    }
  })

  test('makes the first key when there is none, and one only, however many ask at once', async () => {
    expect(await keys()).toHaveLength(0)
    const minters = [tokens(), tokens(), tokens()]
    const made = await Promise.all(
      minters.flatMap((each) => Array.from({ length: 5 }, () => each.sign(claims))),
    )
    expect(await keys()).toHaveLength(1)
    for (const { token } of made) expect(await tokens().read(token)).toMatchObject(claims)
  })

  test('is refused where another master key sealed the signing key', async () => {
    await tokens().sign(claims)
    const stranger = tokens({ masterKey: new MasterKey(newMasterKeyBytes()) })
    await expect(stranger.sign(claims)).rejects.toMatchObject({ code: 'secret_undecryptable' })
  })
})

describe('reading', () => {
  test('knows a token again without looking for its key, and still what it says', async () => {
    const { counter, database } = countedStore()
    const own = tokens({ database })
    const { token } = await own.sign(claims)
    counter.reads = 0
    const first = await own.read(token)
    expect(first).toMatchObject(claims)
    expect(counter.reads).toBe(1)
    expect(await own.read(token)).toEqual(first)
    expect(counter.reads).toBe(1)
  })

  test('never takes a token for one that it knows', async () => {
    const own = tokens()
    const { token } = await own.sign(claims)
    const forged = `${token.slice(0, -86)}${'A'.repeat(86)}`
    for (let turn = 0; turn < 2; turn++) {
      for (const other of ['', 'tng_mst_', forged, `${token}A`, token.slice('tng_mst_'.length)]) {
        expect(await own.read(other)).toBeNull()
      }
      expect(await own.read(token)).not.toBeNull()
    }
  })

  test('case 54: names the signing key, however its time stands', async () => {
    const own = tokens()
    const { token } = await own.sign(claims)
    const [old] = await keys()
    const next = await newSigningKeyPair()
    const sealedPrivateKey = old?.sealedPrivateKey ?? new Uint8Array()
    const row = { ...next, sealedPrivateKey, createdAtMs: nowMs }
    await store.database.write(() => replaceSigningKey(row, nowMs))
    expect((await own.read(token))?.signingKid).toBe(old?.kid ?? '')
    expect((await keys()).map(({ kid }) => kid)).toEqual([next.kid])
  })

  test('case 55: takes nothing signed by a key that is not on record', async () => {
    const other = await newSigningKeyPair()
    const dated = { ...claims, issuedAtSeconds: 1, expiresAtSeconds: 2 ** 40 }
    const own = tokens()
    await own.sign(claims)
    const [ours] = await keys()
    expect(await own.read(await signSessionToken(dated, other))).toBeNull()
    const posing = { ...other, kid: ours?.kid ?? '' }
    expect(await own.read(await signSessionToken(dated, posing))).toBeNull()
  })

  test('remembers ten thousand tokens at most: the oldest is forgotten, and read anew', async () => {
    const key = await newSigningKeyPair()
    const row = { ...key, sealedPrivateKey: new Uint8Array([1]), createdAtMs: nowMs }
    await store.database.write(() => replaceSigningKey(row, nowMs))
    const { counter, database } = countedStore()
    const own = tokens({ database })
    const nth = (issuedAtSeconds: number) =>
      signSessionToken({ ...claims, issuedAtSeconds, expiresAtSeconds: 2 ** 40 }, key)
    const readsFor = async (n: number) => {
      const before = counter.reads
      expect((await own.read(await nth(n)))?.issuedAtSeconds).toBe(n)
      return counter.reads - before
    }
    for (let n = 0; n < 10_000; n++) await own.read(await nth(n))
    expect([await readsFor(0), await readsFor(9_999)]).toEqual([0, 0])
    expect(await readsFor(10_000)).toBe(1)
    expect([await readsFor(10_000), await readsFor(9_999), await readsFor(0)]).toEqual([0, 0, 1])
  })
})
