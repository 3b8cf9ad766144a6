import { describe, expect, test } from 'bun:test'
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import {
  type SessionClaims,
  signingKidOf,
  signSessionToken,
  verifySessionToken,
} from '../../src/crypto/session_token.ts'
import { newSigningKeyPair } from '../../src/crypto/signing_key.ts'

const key = await newSigningKeyPair()
const claims: SessionClaims = {
  projectId: 42,
  integrationId: 7,
  apiKeyId: 8,
  assertionKeyId: 9,
  memberId: 10,
  member: {
    externalId: 'alice',
    email: 'alice@example.com',
    roles: ['admin', 'editor'],
    source: 'assertion',
  },
  issuedAtSeconds: 1_790_000_000,
  expiresAtSeconds: 1_790_000_900,
}
const parts = (token: string) => token.slice('tng_mst_'.length).split('.')
const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())

describe('a session token', () => {
  test('is a JWT of a type of its own behind its prefix (wire.md §2)', async () => {
    const token = await signSessionToken(claims, key)
    expect(token).toStartWith('tng_mst_eyJ')
    const [header, payload] = parts(token)
    expect(decoded(header)).toEqual({ alg: 'EdDSA', typ: 'mst+jwt', kid: key.kid })
    expect(decoded(payload)).toEqual({
      project_id: 42,
      integration_id: 7,
      member_external_id: 'alice',
      email: 'alice@example.com',
      roles: ['admin', 'editor'],
      api_key_id: 8,
      assertion_key_id: 9,
      member_id: 10,
      iat: 1_790_000_000,
      exp: 1_790_000_900,
    })
  })

  test('is verified by anyone who has the public key', async () => {
    const [header, payload, signature = ''] = parts(await signSessionToken(claims, key))
    const publicKey = createPublicKey({ key: JSON.parse(key.publicJwk), format: 'jwk' })
    const bytes = Buffer.from(`${header}.${payload}`)
    expect(verify(null, bytes, publicKey, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  test('says again exactly what it was made of (200 sets of claims)', async () => {
    const id = fc.integer({ min: 1, max: 2 ** 53 - 1 })
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map(withoutOdd)
    const sets = fc.record({
      projectId: id,
      integrationId: id,
      apiKeyId: id,
      assertionKeyId: fc.option(id),
      memberId: id,
      externalId: text,
      email: fc.option(text),
      roles: fc.array(text, { maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(sets, async ({ externalId, email, roles, ...ids }) => {
        const source = ids.assertionKeyId === null ? 'unverified' : 'assertion'
        const member = { externalId, email, roles, source } as const
        const all = { ...claims, ...ids, member }
        const token = await signSessionToken(all, key)
        expect(signingKidOf(token)).toBe(key.kid)
        expect(await verifySessionToken(token, key.publicJwk)).toEqual(all)
      }),
      { numRuns: 200, interruptAfterTimeLimit: 3_000 },
    )
  })
})

/** A member's texts never hold NUL or half a character. */
const withoutOdd = (text: string) => `x${text.replaceAll('\0', '')}`.toWellFormed()

describe('case 55: what the key did not sign', () => {
  test('is not read with it', async () => {
    const other = await newSigningKeyPair()
    const token = await signSessionToken(claims, { ...other, kid: key.kid })
    expect(await verifySessionToken(token, key.publicJwk)).toBeNull()
    expect(await verifySessionToken(token, other.publicJwk)).toEqual(claims)
  })

  test('is nothing: texts of every sort, none of which is an error (500 texts)', async () => {
    const token = await signSessionToken(claims, key)
    const texts = fc.oneof(
      fc.string(),
      fc.string().map((text) => `tng_mst_${text}`),
      fc.nat(token.length - 1).map((at) => token.slice(0, at)),
      fc.integer({ min: 8, max: token.length - 1 }).map((at) => {
        const other = token[at] === 'X' ? 'Y' : 'X'
        return `${token.slice(0, at)}${other}${token.slice(at + 1)}`
      }),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await verifySessionToken(text, key.publicJwk)).toBeNull()
      }),
      { numRuns: 500, interruptAfterTimeLimit: 3_000 },
    )
  })
})

describe('the kid a token names', () => {
  const made = (header: object) => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    const text = `${encode(header)}.${encode({ exp: 1 })}`
    const privateKey = createPrivateKey({ key: JSON.parse(key.privateJwk), format: 'jwk' })
    return `tng_mst_${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
  }
  const good = { alg: 'EdDSA', typ: 'mst+jwt', kid: key.kid }

  test('is read only from a token of our type, behind our prefix', () => {
    expect(signingKidOf(made(good))).toBe(key.kid)
    expect(signingKidOf(made(good).slice('tng_mst_'.length))).toBeNull()
    expect(signingKidOf(`TNG_MST_${made(good).slice('tng_mst_'.length)}`)).toBeNull()
  })

  // RFC 8725 §3.11: our own signature alone is not enough.
  const headers = [
    { ...good, typ: 'JWT' },
    { ...good, typ: 'at+jwt' },
    { ...good, typ: 'MST+JWT' },
    { alg: 'EdDSA', kid: key.kid },
    { ...good, kid: 1 },
    { ...good, kid: null },
    { alg: 'EdDSA', typ: 'mst+jwt' },
    { ...good, crit: ['exp'] },
  ]
  test.each(headers)('is not read from %j', (header) => {
    expect(signingKidOf(made(header))).toBeNull()
  })
})
