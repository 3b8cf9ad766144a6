import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose'
import { MasterKey, newMasterKeyBytes } from '../../src/crypto/master_key.ts'
import { unseal } from '../../src/crypto/seal.ts'
import { signingKeySeal } from '../../src/crypto/signing_key.ts'
import { assertionClaims, mintToken, newAssertionKey, registerKey } from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'

const start = 1_790_000_000
let nowMs = start * 1000
const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
const key = newAssertionKey('Ed25519', 'main')
const master = newMasterKeyBytes()

let house: House

beforeAll(async () => {
  const master_key = Buffer.from(master).toString('hex')
  house = await startHouse({ clock, settings: { failed_auth_per_minute: '0', master_key } })
  await registerKey(house, key)
})
afterAll(() => house.stop())
/** Every test begins where no older key counts any more. */
beforeEach(async () => {
  nowMs += 86_400_000
  await rotate(0)
})

const mint = () =>
  mintToken(house, key.sign(assertionClaims(house.projectId, Math.floor(nowMs / 1000))))
const rotate = (overlap_seconds?: number) => {
  const body = overlap_seconds === undefined ? {} : { overlap_seconds }
  return house.api('POST', '/api/v1/signing-keys/rotate', body)
}
const jwks = async () =>
  (await house.api('GET', '/.well-known/jwks.json', undefined, null)).body.keys as JWK[]
const kidOf = (token: string) => decodeProtectedHeader(token.slice('tng_mst_'.length)).kid

async function answerTo(token: string): Promise<readonly [number, string | undefined]> {
  const { status, body } = await callLegacy(`${house.url}/mcp`, token, 'tools/list')
  return [status, body.detail]
}
const served = [200, undefined] as const
const retired = [401, 'Token validation failed'] as const

describe('case 54: rotating the signing key', () => {
  test('with an overlap: older tokens count until it is over, to the millisecond', async () => {
    const old = await mint()
    const { status, body } = await rotate(60)
    expect(status).toBe(200)
    const rotatedMs = nowMs
    expect(body.items).toMatchObject([
      { is_current: true, not_after: null },
      {
        kid: kidOf(old),
        is_current: false,
        not_after: new Date(rotatedMs + 60_000).toISOString(),
      },
    ])
    const fresh = await mint()
    expect(kidOf(fresh)).toBe(body.items[0].kid)
    expect([await answerTo(old), await answerTo(fresh)]).toEqual([served, served])
    nowMs = rotatedMs + 59_999
    expect([await answerTo(old), await answerTo(fresh)]).toEqual([served, served])
    nowMs = rotatedMs + 60_000
    expect([await answerTo(old), await answerTo(fresh)]).toEqual([retired, served])
  })

  test('without one: every older token ends at once, those already seen too', async () => {
    const [seen, unseen] = [await mint(), await mint()]
    expect(await answerTo(seen)).toEqual(served)
    await rotate(0)
    expect([await answerTo(seen), await answerTo(unseen)]).toEqual([retired, retired])
    expect(await answerTo(await mint())).toEqual(served)
  })

  test('unless told, for as long as a session token lives: none ends before its time', async () => {
    const old = await mint()
    await rotate()
    nowMs += 900_000 - 1
    expect(await answerTo(old)).toEqual(served)
    nowMs += 1
    expect(await answerTo(old)).toEqual([401, 'Member JWT has expired'])
  })

  test('without an overlap ends the overlaps of earlier rotations too', async () => {
    const first = await mint()
    await rotate(3600)
    const second = await mint()
    expect([await answerTo(first), await answerTo(second)]).toEqual([served, served])
    await rotate(0)
    expect([await answerTo(first), await answerTo(second)]).toEqual([retired, retired])
  })

  test('with a later overlap gives nobody more time than an earlier one left', async () => {
    const first = await mint()
    await rotate(60)
    await rotate(3600)
    nowMs += 60_000
    expect(await answerTo(first)).toEqual(retired)
  })

  test('many times at once leaves exactly one current key', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => rotate(60)))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    const { body } = await house.api('GET', '/api/v1/signing-keys')
    const current = body.items.filter((each: { is_current: boolean }) => each.is_current)
    expect(current).toHaveLength(1)
    expect(body.items[0]).toEqual(current[0])
    expect(kidOf(await mint())).toBe(current[0].kid)
  })

  const overlaps = [-1, 1.5, 86_401, '60', null]
  test.each(overlaps)('an overlap of %j is refused, and the key stays', async (overlap_seconds) => {
    const before = await jwks()
    const answer = await house.api('POST', '/api/v1/signing-keys/rotate', { overlap_seconds })
    expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed'])
    expect(await jwks()).toEqual(before)
  })
})

describe('/.well-known/jwks.json', () => {
  test('has what verifies a session token, without a credential, and nothing that signs', async () => {
    const token = (await mint()).slice('tng_mst_'.length)
    const response = await fetch(`${house.url}/.well-known/jwks.json`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('application/json')
    const { keys } = (await response.json()) as { keys: JWK[] }
    expect(keys).toHaveLength(1)
    const [jwk] = keys
    expect(Object.keys(jwk ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    expect(jwk).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' })
    const { payload } = await compactVerify(token, await importJWK(jwk ?? {}, 'EdDSA'))
    expect(JSON.parse(Buffer.from(payload).toString()).member_external_id).toBe('alice')
  })

  test('shows an older key until its overlap is over', async () => {
    const old = kidOf(await mint())
    await rotate(60)
    const kids = async () => (await jwks()).map((each) => each.kid)
    expect(await kids()).toEqual([expect.not.stringMatching(old ?? ''), old])
    nowMs += 60_000
    expect(await kids()).toEqual([expect.not.stringMatching(old ?? '')])
  })
})

describe('signing keys of the whole instance', () => {
  test('are neither listed nor rotated by anybody of one project', async () => {
    const before = await jwks()
    const confined = await house.api('POST', '/api/v1/admin-tokens', {
      name: 'confined',
      project_id: house.projectId,
    })
    for (const credential of [house.apiKey, confined.body.token as string]) {
      const list = await house.api('GET', '/api/v1/signing-keys', undefined, credential)
      const turn = await house.api('POST', '/api/v1/signing-keys/rotate', {}, credential)
      expect([list.status, turn.status]).toEqual([403, 403])
    }
    expect((await house.api('POST', '/api/v1/signing-keys/rotate', {}, null)).status).toBe(401)
    expect(await jwks()).toEqual(before)
  })

  test('case 61: show their private halves in no answer, log line or file', async () => {
    await mint()
    const { body } = await house.api('GET', '/api/v1/signing-keys')
    const fields = ['created_at', 'is_current', 'kid', 'not_after']
    expect(Object.keys(body.items[0]).sort()).toEqual(fields)
    const secret = secretOf(body.items[0].kid)
    expect(secret).toMatch(/^[\w-]{43}$/)
    const rotated = await rotate(60)
    expect(JSON.stringify([body, rotated.body, await jwks()])).not.toContain(secret)
    expect(house.logLines().join('\n')).not.toContain(secret)
    const stored = Buffer.concat(
      ['gatehouse.db', 'gatehouse.db-wal'].map((file) => readFileSync(join(house.dataDir, file))),
    )
    expect(stored.includes(body.items[0].kid)).toBe(true)
    for (const form of [secret, Buffer.from(secret, 'base64url')]) {
      expect(stored.includes(form)).toBe(false)
    }
  })
})

/** The private half of a signing key, from the database and the master key together. */
function secretOf(kid: string): string {
  const database = new Database(`${house.dataDir}/gatehouse.db`, { readonly: true })
  try {
    const sql = 'SELECT sealed_private_key AS sealed FROM signing_keys WHERE kid = ?'
    const row = database.query(sql).get(kid) as { sealed: Uint8Array }
    return JSON.parse(unseal(new MasterKey(master), signingKeySeal(kid), row.sealed)).d
  } finally {
    database.close()
  }
}
