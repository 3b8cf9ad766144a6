import { describe, expect, test } from 'bun:test'
import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import {
  bodyDigest,
  canonicalLine,
  prepareSigner,
  signatureHeader,
} from '../../src/crypto/request_signature.ts'

const vector = {
  secret: 'your-shared-secret',
  timestampSeconds: 1_760_000_000,
  requestId: '123e4567-e89b-42d3-a456-426614174000',
  method: 'POST',
  target: '/v1/contacts/lookup',
  body: new TextEncoder().encode('{"contact_id":"c_001"}'),
  signature: 'tng2=7811a2e8df020d3863bebf460154687800cca44733b019fae20858f96964d592',
}
const lineOf = (body: Uint8Array | null) =>
  canonicalLine({ ...vector, bodyDigest: bodyDigest(body) })

describe('the published test vector', () => {
  test('has this canonical line', () => {
    expect(lineOf(vector.body)).toBe(
      'tng2 1760000000 123e4567-e89b-42d3-a456-426614174000 POST /v1/contacts/lookup ' +
        createHash('sha256').update(vector.body).digest('hex'),
    )
  })

  test('has this signature', () => {
    expect(prepareSigner(vector.secret).sign(lineOf(vector.body))).toBe(vector.signature)
  })
})

test('no body and an empty one digest as zero bytes', () => {
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  expect(bodyDigest(null)).toBe(empty)
  expect(bodyDigest(new Uint8Array())).toBe(empty)
})

test('case 155: each part of the line changes the signature', () => {
  const signer = prepareSigner(vector.secret)
  const parts = { ...vector, bodyDigest: bodyDigest(vector.body) }
  const changed = [
    parts,
    { ...parts, timestampSeconds: parts.timestampSeconds + 1 },
    { ...parts, requestId: '123e4567-e89b-42d3-a456-426614174001' },
    { ...parts, method: 'PUT' },
    { ...parts, target: `${parts.target}?a=1` },
    { ...parts, bodyDigest: bodyDigest(null) },
  ]
  expect(new Set(changed.map((each) => signer.sign(canonicalLine(each)))).size).toBe(changed.length)
})

test('during a rotation the header has both signatures, in the order given', () => {
  const line = lineOf(vector.body)
  const [newer, older] = [prepareSigner('newer'), prepareSigner('older')]
  expect(signatureHeader([newer, older], line)).toBe(`${newer.sign(line)},${older.sign(line)}`)
  expect(signatureHeader([newer], line)).toBe(newer.sign(line))
})

test('a prepared signer may be used again and agrees with an independent HMAC (1,000 lines)', () => {
  const secret = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(secret, fc.string({ unit: 'grapheme' }), fc.uint8Array(), (key, line, bytes) => {
      const signer = prepareSigner(key)
      const expected = `tng2=${createHmac('sha256', key).update(line, 'utf8').digest('hex')}`
      expect(signer.sign(line)).toBe(expected)
      expect(signer.sign(line)).toBe(expected)
      expect(bodyDigest(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
    }),
    { numRuns: 1_000 },
  )
})
