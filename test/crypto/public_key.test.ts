import { describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { readPublicKey } from '../../src/crypto/public_key.ts'
import { AppError } from '../../src/errors.ts'
import { newAssertionKey } from '../helpers/assertions.ts'
import { TestAuthority } from '../helpers/test_certificates.ts'
import { bitString, derOf, integer, nothing, oid, pemOf, sequence } from './der.ts'

const ec = newAssertionKey('ES256', 'k')
const ed = newAssertionKey('Ed25519', 'k')
const rsa = newAssertionKey('RS256', 'k')
const p384 = newAssertionKey('ES384', 'k')

/** A public RSA key of a modulus nobody knows the factors of. */
const rsaOf = (bits: number, exponent = 65_537n) => {
  const modulus = (1n << BigInt(bits - 1)) | 0xf1n
  const key = sequence(integer(modulus), integer(exponent))
  return pemOf(sequence(sequence(oid('1.2.840.113549.1.1.1'), nothing), bitString(key)))
}
/** An elliptic curve key: the curve's name and a point. */
const ecOf = (curve: string, point: Buffer) =>
  pemOf(sequence(sequence(oid('1.2.840.10045.2.1'), oid(curve)), bitString(point)))
/** A key of the RFC 8410 kind. */
const edwardsOf = (kind: string, bytes: Buffer) =>
  pemOf(sequence(sequence(oid(kind)), bitString(bytes)))
const ed25519Of = (hex: string) => edwardsOf('1.3.101.112', Buffer.from(hex, 'hex'))

const p256Point = derOf(ec.publicPem).subarray(-65)
const offCurve = Buffer.from(p256Point.map((byte, at) => (at === 64 ? byte ^ 1 : byte)))
const compressed = Buffer.concat([
  Buffer.from([2 + ((p256Point[64] ?? 0) & 1)]),
  p256Point.subarray(1, 33),
])
const p256 = '1.2.840.10045.3.1.7'
const secp256k1Generator = Buffer.from(
  '0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' +
    '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8',
  'hex',
)
const p192Generator = Buffer.from(
  '04188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012' +
    '07192b95ffc8da78631011ed6b24cdd573f977a11e794811',
  'hex',
)
const pemOfCurve = (namedCurve: string) =>
  generateKeyPairSync('ec', { namedCurve })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()
const inCrLf = (pem: string) => pem.replaceAll('\n', '\r\n')
const unwrapped = (pem: string) => {
  const body = derOf(pem).toString('base64')
  return `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----`
}

describe('a public key is accepted, its algorithm inferred', () => {
  const accepted: readonly [string, string, string | null, string][] = [
    ['P-256', ec.publicPem, null, 'ES256'],
    ['P-384', p384.publicPem, null, 'ES384'],
    ['Ed25519', ed.publicPem, null, 'Ed25519'],
    ['RSA', rsa.publicPem, null, 'RS256'],
    ['P-256 for ES256', ec.publicPem, 'ES256', 'ES256'],
    ['P-384 for ES384', p384.publicPem, 'ES384', 'ES384'],
    ['Ed25519 for Ed25519', ed.publicPem, 'Ed25519', 'Ed25519'],
    ['Ed25519 for EdDSA, its older name', ed.publicPem, 'EdDSA', 'Ed25519'],
    ['RSA for RS256', rsa.publicPem, 'RS256', 'RS256'],
    ['with CRLF line ends', inCrLf(rsa.publicPem), null, 'RS256'],
    ['without a last newline', ec.publicPem.trim(), null, 'ES256'],
    ['with blank lines around', `\n\n${ec.publicPem}\n \t\n`, null, 'ES256'],
    ['with spaces at line ends', ec.publicPem.replace(/(?<=[\w+/=])\n/g, ' \n'), null, 'ES256'],
    ['on one long line', unwrapped(rsa.publicPem), null, 'RS256'],
    ['RSA of 2,048 bits', rsaOf(2048), null, 'RS256'],
    ['RSA of 8,192 bits', rsaOf(8192), null, 'RS256'],
    ['RSA with exponent 3', rsaOf(2048, 3n), null, 'RS256'],
  ]

  test.each(accepted)('%s', (_, pem, named, algorithm) => {
    const fit = readPublicKey(pem, named)
    expect(fit.algorithm).toBe(algorithm as typeof fit.algorithm)
    // One form in the store, whichever it came in.
    expect(fit.pem).toBe(pemOf(derOf(pem)))
  })
})

const format = ['invalid_public_key', 400, 'Invalid public key format'] as const
const unsupported = ['unsupported_algorithm', 400, 'Unsupported algorithm'] as const
type Refusal = typeof format | typeof unsupported

function expectRefused(text: string, named: string | null, expected: Refusal): AppError {
  let thrown: unknown = null
  try {
    readPublicKey(text, named)
  } catch (error) {
    thrown = error
  }
  if (!(thrown instanceof AppError)) throw new Error(`Not refused as such: ${thrown}`)
  expect([thrown.code, thrown.status, thrown.message]).toEqual([...expected])
  // What was given may be a private key: nothing of it is said again.
  for (let at = 0; at + 12 <= text.length; at += 6) {
    const piece = text.slice(at, at + 12)
    if (/^[A-Za-z0-9+/=_-]+$/.test(piece)) expect(thrown.reason).not.toContain(piece)
  }
  return thrown
}

describe('case 88: another kind of key is refused', () => {
  const kinds: readonly [string, string, Refusal][] = [
    ['P-521', pemOfCurve('P-521'), unsupported],
    ['P-224', pemOfCurve('P-224'), unsupported],
    ['secp256k1', ecOf('1.3.132.0.10', secp256k1Generator), format],
    ['P-192', ecOf('1.2.840.10045.3.1.1', p192Generator), format],
    ['X25519', edwardsOf('1.3.101.110', Buffer.alloc(32, 9)), unsupported],
    ['X448', edwardsOf('1.3.101.111', Buffer.alloc(56, 5)), format],
    ['Ed448', edwardsOf('1.3.101.113', Buffer.alloc(57, 5)), format],
    ['RSA of 1,024 bits', rsaOf(1024), format],
    ['RSA of 2,047 bits', rsaOf(2047), format],
    ['RSA of 8,193 bits', rsaOf(8193), format],
    ['RSA with exponent 1', rsaOf(2048, 1n), format],
    ['RSA with exponent 2', rsaOf(2048, 2n), format],
    ['RSA with an even exponent', rsaOf(2048, 65_536n), format],
    ['a point beside the curve', ecOf(p256, offCurve), format],
    ['the point at infinity', ecOf(p256, Buffer.from([0])), format],
    ['a compressed point, not in the one form', ecOf(p256, compressed), format],
    ['a P-256 point on P-384', ecOf('1.3.132.0.34', p256Point), format],
    ['an Ed25519 key of 31 bytes', edwardsOf('1.3.101.112', Buffer.alloc(31, 9)), format],
  ]

  test.each(kinds)('%s', (_, pem, expected) => {
    expectRefused(pem, null, expected)
  })

  const order8 = [
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03',
  ] as const
  /** All encodings of the eight points of small order, with both signs (RFC 8032 §5.1). */
  const smallOrder = [
    ['0', `00${'00'.repeat(30)}`, '00'],
    ['1', `01${'00'.repeat(30)}`, '00'],
    ['an order of 8', order8[0], '05'],
    ['another order of 8', order8[1], '7a'],
    ['p - 1', `ec${'ff'.repeat(30)}`, '7f'],
    ['p', `ed${'ff'.repeat(30)}`, '7f'],
    ['p + 1', `ee${'ff'.repeat(30)}`, '7f'],
  ] as const
  const signed = smallOrder.flatMap(([name, low, high]) => [
    [name, '+', low + high] as const,
    [name, '-', low + (Number.parseInt(high, 16) | 0x80).toString(16)] as const,
  ])

  test.each(signed)('the Ed25519 point of small order %s, sign %s', (_, __, hex) => {
    expect(hex).toHaveLength(64)
    expectRefused(ed25519Of(hex), null, format)
  })

  test('while a point beside those is fit', () => {
    // The base point.
    expect(readPublicKey(ed25519Of(`58${'66'.repeat(31)}`), null).algorithm).toBe('Ed25519')
  })
})

describe('case 88: what is no single public key is refused', () => {
  const cut = (pem: string) => pem.replace(/\n.{20}/, '\n')
  const withMore = pemOf(Buffer.concat([derOf(ec.publicPem), Buffer.from([0])]))
  const texts: readonly [string, string][] = [
    ['nothing', ''],
    ['an HS256 secret', 'correct-horse-battery-staple'],
    ['an HS256 secret in base64', Buffer.alloc(32, 7).toString('base64')],
    ['a public JWK', JSON.stringify(ec.publicKey.export({ format: 'jwk' }))],
    ['base64 without its frame', derOf(ec.publicPem).toString('base64')],
    ['a PKCS#1 public key', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    [
      'a PKCS#1 key in a frame of SPKI',
      pemOf(rsa.publicKey.export({ type: 'pkcs1', format: 'der' })),
    ],
    ['two blocks', ec.publicPem + ed.publicPem],
    ['the same block twice', ec.publicPem + ec.publicPem],
    ['text before the block', `My key:\n${ec.publicPem}`],
    ['text after the block', `${ec.publicPem}\nthanks`],
    ['a character after the block', `${ec.publicPem.trim()}x`],
    ['headers in the block', ec.publicPem.replace('\n', '\nComment: mine\n\n')],
    ['a block without an end', ec.publicPem.replace(/-----END.*/s, '')],
    ['a block with another end', ec.publicPem.replace('END PUBLIC', 'END RSA PUBLIC')],
    ['an empty block', '-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----'],
    ['a block of rubbish', pemOf(Buffer.alloc(91, 3))],
    ['a block cut short', cut(ec.publicPem)],
    ['a byte after the structure', withMore],
    ['BER in place of DER', pemOf(inBer(derOf(ec.publicPem)))],
    ['base64url', ec.publicPem.replace(/.(?=.{10}\n-----END)/, '_')],
    ['a frame in lower case', ec.publicPem.replaceAll('PUBLIC KEY', 'public key')],
    ['a certificate', certificate()],
    ['sixteen thousand line breaks', `-----BEGIN PUBLIC KEY-----${'\n'.repeat(16_000)}`],
  ]

  test.each(texts)('%s', (_, text) => {
    expectRefused(text, null, format)
  })
})

function certificate(): string {
  const authority = new TestAuthority()
  authority.remove()
  return authority.pem
}

/** The same structure with its outermost length in a longer form than it needs. */
function inBer(der: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x30, 0x81, der[1] ?? 0]), der.subarray(2)])
}

describe('case 88: a private key is refused as one, whatever it looks like', () => {
  const pkcs8 = (key = ec) => key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const lock = {
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  } as const
  const named: readonly [string, string][] = [
    ['EC, PKCS#8', pkcs8()],
    ['EC, SEC1', ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString()],
    ['RSA, PKCS#8', pkcs8(rsa)],
    ['RSA, PKCS#1', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['Ed25519, PKCS#8', pkcs8(ed)],
    ['encrypted', ec.privateKey.export(lock).toString()],
    ['OpenSSH', pemOf(Buffer.alloc(64, 1), 'OPENSSH PRIVATE KEY')],
    ['with CRLF', inCrLf(pkcs8())],
    ['a JWK', JSON.stringify(ec.privateKey.export({ format: 'jwk' }))],
    ['a JWK, indented', JSON.stringify(ed.privateKey.export({ format: 'jwk' }), null, 2)],
    ['after the public one', ec.publicPem + pkcs8()],
    ['before the public one', pkcs8() + ec.publicPem],
  ]

  test.each(named)('%s: and is told to be exposed', (_, text) => {
    expect(expectRefused(text, null, format).reason).toStartWith('This is a private key.')
  })

  const disguised: readonly [string, string][] = [
    ['PKCS#8', pemOf(derOf(pkcs8(), 'PRIVATE KEY'))],
    ['PKCS#1', pemOf(rsa.privateKey.export({ type: 'pkcs1', format: 'der' }))],
    ['SEC1', pemOf(ec.privateKey.export({ type: 'sec1', format: 'der' }))],
    ['Ed25519', pemOf(ed.privateKey.export({ type: 'pkcs8', format: 'der' }))],
  ]
  test.each(disguised)('%s in the frame of a public key', (_, text) => {
    expectRefused(text, null, format)
  })
})

describe('the algorithm asked for', () => {
  const others: readonly [string, string][] = [
    ['ES384', ec.publicPem],
    ['RS256', ec.publicPem],
    ['Ed25519', ec.publicPem],
    ['ES256', p384.publicPem],
    ['ES256', ed.publicPem],
    ['EdDSA', rsa.publicPem],
    ['ES256', rsa.publicPem],
  ]
  test.each(others)('%s is refused for a key of another kind', (named, pem) => {
    const { reason } = expectRefused(pem, named, format)
    expect(reason).toMatch(/^This is a key for \w+, not for \w+\.$/)
  })

  const unknown = ['HS256', 'none', 'None', '', 'es256', 'PS256', 'ES512', 'RS512', 'ES256K', 'X']
  test.each(unknown)('%j is refused, whatever the key', (named) => {
    expectRefused(ec.publicPem, named, unsupported)
    expectRefused('no key at all', named, unsupported)
  })
})
