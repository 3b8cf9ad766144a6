import { createPublicKey, type KeyObject } from 'node:crypto'
import { AppError } from '../errors.ts'
import { type AssertionAlgorithm, assertionAlgorithms } from '../model/assertion_key.ts'

/** A public key that was found fit, in the one form it is stored in. */
export interface FitPublicKey {
  readonly algorithm: AssertionAlgorithm
  /** SubjectPublicKeyInfo in PEM. */
  readonly pem: string
}

/** What the algorithms of a key's type and curve are. */
const byCurve: Readonly<Record<string, AssertionAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
}
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192

/**
 * Reads a public key to check assertions with: one SPKI block in PEM (RFC 7468 §13) and nothing else.
 * `named` is the algorithm that was asked for, null to infer it. No message repeats what was given:
 * it may be a private key (reliability.md case 88).
 * @throws AppError invalid_public_key or unsupported_algorithm
 */
export function readPublicKey(text: string, named: string | null): FitPublicKey {
  const wanted = named === null ? null : algorithmNamed(named)
  const key = keyOf(text)
  const algorithm = algorithmOf(key)
  if (wanted !== null && wanted !== algorithm) {
    throw unfit(`This is a key for ${algorithm}, not for ${wanted}.`)
  }
  return { algorithm, pem: key.export({ type: 'spki', format: 'pem' }).toString() }
}

function algorithmNamed(name: string): AssertionAlgorithm {
  const canonical = name === 'EdDSA' ? 'Ed25519' : name
  const algorithm = assertionAlgorithms.find((known) => known === canonical)
  if (algorithm !== undefined) return algorithm
  throw unsupported(`Use one of ${assertionAlgorithms.join(', ')}.`)
}

/** Whether a text looks like a private key, in PEM or as a JWK. */
export const holdsPrivateKey = (text: string) => /PRIVATE KEY|"d"\s*:/.test(text)

const onePublicBlock =
  /^\s*-----BEGIN PUBLIC KEY-----\r?\n((?:[A-Za-z0-9+/=]+[ \t]*\r?\n)+)-----END PUBLIC KEY-----\s*$/

function keyOf(text: string): KeyObject {
  if (holdsPrivateKey(text)) {
    throw unfit(
      'This is a private key. It was not stored, but treat it as exposed: make a new pair, and ' +
        'register the public half only.',
    )
  }
  const base64 = onePublicBlock.exec(text)?.[1]
  if (base64 === undefined) {
    throw unfit('Send one block that begins with -----BEGIN PUBLIC KEY----- and nothing else.')
  }
  const der = Buffer.from(base64.replace(/\s/g, ''), 'base64')
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    const again = key.export({ type: 'spki', format: 'der' })
    // Bytes after the structure, or another encoding of it, would be dropped in silence.
    if (!again.equals(der)) throw new Error('not in canonical form')
    return key
  } catch (cause) {
    throw unfit('The block does not hold a public key.', cause)
  }
}

function algorithmOf(key: KeyObject): AssertionAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'ed25519') {
    refuseSmallOrder(key)
    return 'Ed25519'
  }
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0
    const exponent = details?.publicExponent ?? 0n
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
      throw unfit(`An RSA key has ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits; this one has ${bits}.`)
    }
    if (exponent < 3n || exponent % 2n === 0n) throw unfit('The RSA exponent proves nothing.')
    return 'RS256'
  }
  const algorithm = type === 'ec' ? byCurve[details?.namedCurve ?? ''] : undefined
  if (algorithm !== undefined) return algorithm
  throw unsupported(`Use a key for one of ${assertionAlgorithms.join(', ')}.`)
}

/** The encodings of points of small order, sign bit aside: anyone can sign for those (RFC 8032 §5.1). */
const smallOrder = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
])

function refuseSmallOrder(key: KeyObject): void {
  const point = Buffer.from(key.export({ type: 'spki', format: 'der' }).subarray(-32))
  point[31] = (point[31] ?? 0) & 0x7f
  if (smallOrder.has(point.toString('hex'))) throw unfit('The Ed25519 key proves nothing.')
}

const unfit = (reason: string, cause?: unknown) =>
  new AppError('invalid_public_key', { reason, cause })
const unsupported = (reason: string) => new AppError('unsupported_algorithm', { reason })
