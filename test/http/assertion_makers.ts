import { createHmac, sign } from 'node:crypto'
import {
  type AssertionKeyPair,
  assertionClaims,
  newAssertionKey,
  rawJws,
} from '../helpers/assertions.ts'

/** Server time of every vector, in Unix seconds. */
export const now = 1_790_000_000

export const ec = newAssertionKey('ES256', 'ec-1')
export const p384 = newAssertionKey('ES384', 'p384-1')
export const ed = newAssertionKey('Ed25519', 'ed-1')
export const rsa = newAssertionKey('RS256', 'rsa-1')
/** Registered, then deactivated. */
export const dead = newAssertionKey('ES256', 'dead-1')
/** Registered with another project. */
export const foreign = newAssertionKey('ES256', 'foreign-1')
/** Never registered, and named like one that is. */
export const attacker = newAssertionKey('ES256', 'ec-1')

/** What a vector needs to know of the running house; filled before any is made. */
export const place = { projectId: 0, apiKey: '', decoyUrl: '' }

/** The claims of a good assertion, with changes. */
export const good = (changes: object = {}) => assertionClaims(place.projectId, now, changes)
export const goodText = () => JSON.stringify(good())
export const audience = (more: string) => `tengine:project:${place.projectId}${more}`

/** Signed as it should be; the claims are what is wrong, if anything. */
export const claims = (changes: object) => () => ec.sign(good(changes))

/** As `claims`, with one value as JSON text, whatever it is. */
export const claimText = (name: string, value: string) => () => {
  const others = JSON.stringify(good({ [name]: undefined })).slice(1)
  return ec.sign(`{"${name}":${value},${others}`)
}

/** A second member of a name, before the good one. */
export const twice = (name: string, value: string) => () =>
  ec.sign(`{"${name}":"${value}",${goodText().slice(1)}`)

export const header = (changes: object) => () => ec.sign(good(), changes)
export const payload = (text: string | Uint8Array) => () => ec.sign(text)

/** Signed by one key in the name of another. */
export const posing = (signer: AssertionKeyPair, as: object) => () => signer.sign(good(), as)

/** Nothing after the last dot. */
export const unsigned = (alg: string) => () => rawJws({ alg, kid: 'ec-1' }, good(), '')

/** An HMAC keyed with what everybody may know. */
export const hmac =
  (secret: string | Buffer, alg = 'HS256') =>
  () => {
    const text = rawJws({ alg, kid: 'rsa-1' }, good(), '').slice(0, -1)
    const hash = alg === 'HS512' ? 'sha512' : 'sha256'
    return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
  }

/** Good in all but its signature, which is made of the right one, or of the text it is over. */
export const resigned = (change: (right: Buffer, text: string) => Uint8Array) => () => {
  const [first = '', second = ''] = ec.sign(good()).split('.')
  const text = `${first}.${second}`
  return `${text}.${Buffer.from(change(ec.signatureOf(text), text)).toString('base64url')}`
}

/** Good in all, of exactly so many characters. */
export const ofLength = (length: number) => () => {
  for (let typ = ''; ; typ += 'x') {
    const sized = (pad: number) => ec.sign(good({ pad: 'x'.repeat(pad) }), { typ })
    let pad = Math.floor(((length - sized(0).length) * 3) / 4) - 3
    while (sized(pad).length < length) pad++
    if (sized(pad).length === length) return sized(pad)
  }
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The same bytes, with a bit set among those at the end that decode to nothing. */
export const loosely = (jws: string) => jws.slice(0, -1) + digits[digits.indexOf(jws.slice(-1)) + 1]

/** The first bytes of one, the payload of another. */
export const spliced = () => {
  const [first, , third] = ec.sign(good()).split('.')
  return [first, ec.sign(good({ sub: 'mallory' })).split('.')[1], third].join('.')
}

/** The order of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3). */
export const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** A raw ECDSA signature (RFC 7518 §3.4). */
export const ecdsa = (r: bigint, s: bigint) => Buffer.concat([bytesOf(r), bytesOf(s)])

/** The other signature that is as good: (r, n-s). */
export const twinOf = (right: Buffer) =>
  ecdsa(bigOf(right.subarray(0, 32)), order - bigOf(right.subarray(32)))

export const derOf = (text: string) => sign('sha256', Buffer.from(text), ec.privateKey)
export const turnBit = (right: Buffer) =>
  Buffer.from(right.map((byte, at) => (at === 7 ? byte ^ 1 : byte)))

const bytesOf = (n: bigint) => Buffer.from(n.toString(16).padStart(64, '0'), 'hex')
const bigOf = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`)
