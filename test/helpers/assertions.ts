import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { ApiAnswer, RunningApp } from './running_app.ts'

/** Algorithms a key pair can be made for; `EdDSA` is an Ed25519 key under its older header name. */
export type SigningAlgorithm = 'ES256' | 'ES384' | 'Ed25519' | 'EdDSA' | 'RS256'

/** What a JSON text is made of: any values, or the bytes themselves. */
type Part = object | string | Uint8Array

/** A customer's key pair, the public half fit to be registered. */
export interface AssertionKeyPair {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  /** SPKI in PEM. */
  readonly publicPem: string
  /** A compact JWS; `header` is laid over `{alg, kid}`, and undefined members are left out. */
  sign(claims: Part, header?: object): string
  /** As `sign`, with a header of exactly these bytes or members. */
  signWith(header: Part, claims: Part): string
  /** The signature alone, over a text. */
  signatureOf(text: string): Buffer
}

/** Makes a key pair. */
export function newAssertionKey(alg: SigningAlgorithm, kid: string): AssertionKeyPair {
  const { publicKey, privateKey } = pairFor(alg)
  const signatureOf = (text: string) => signatureBy(privateKey, alg, text)
  const signWith = (header: Part, claims: Part) => {
    const text = `${base64url(header)}.${base64url(claims)}`
    return `${text}.${signatureOf(text).toString('base64url')}`
  }
  return {
    kid,
    alg,
    publicKey,
    privateKey,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (claims, header = {}) => signWith({ alg, kid, ...header }, claims),
    signWith,
    signatureOf,
  }
}

/** A compact JWS of parts as they stand: texts and bytes are encoded, nothing is checked. */
export function rawJws(header: Part, payload: Part, signature: string | Uint8Array): string {
  return `${base64url(header)}.${base64url(payload)}.${base64url(signature)}`
}

/** The claims of a good assertion, 60 s from `nowSeconds`; undefined `changes` leave one out. */
export function assertionClaims(projectId: number, nowSeconds: number, changes: object = {}) {
  return {
    sub: 'alice',
    aud: `tengine:project:${projectId}`,
    iat: nowSeconds,
    exp: nowSeconds + 60,
    ...changes,
  }
}

/** Where a key or member belongs, and how to get there: a house, or parts of one. */
export interface AssertionHome {
  readonly api: RunningApp['api']
  readonly projectId: number
  readonly apiKey: string
}

/** Registers a pair's public half; yields the key's id. */
export async function registerKey(home: AssertionHome, key: AssertionKeyPair): Promise<number> {
  const body = { project_id: home.projectId, kid: key.kid, public_key: key.publicPem }
  const answer = await home.api('POST', '/api/v1/assertion-keys', body)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  return answer.body.id
}

/** Exchanges an assertion for a session token. */
export function exchangeAssertion(home: AssertionHome, assertion: unknown): Promise<ApiAnswer> {
  const body = { member_assertion: assertion }
  return home.api('POST', '/api/v1/mcp/session-token', body, home.apiKey)
}

/** As `exchangeAssertion`, where it must succeed; yields the token. */
export async function mintToken(home: AssertionHome, assertion: string): Promise<string> {
  const { status, body } = await exchangeAssertion(home, assertion)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body.token
}

function base64url(part: Part): string {
  const isText = typeof part === 'string' || part instanceof Uint8Array
  return Buffer.from(isText ? part : JSON.stringify(part)).toString('base64url')
}

function pairFor(alg: SigningAlgorithm) {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (alg === 'ES384') return generateKeyPairSync('ec', { namedCurve: 'P-384' })
  if (alg === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  return generateKeyPairSync('ed25519')
}

function signatureBy(key: KeyObject, alg: SigningAlgorithm, text: string): Buffer {
  const bytes = Buffer.from(text)
  if (alg === 'RS256') return sign('sha256', bytes, key)
  if (alg === 'Ed25519' || alg === 'EdDSA') return sign(null, bytes, key)
  const hash = alg === 'ES256' ? 'sha256' : 'sha384'
  return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' })
}
