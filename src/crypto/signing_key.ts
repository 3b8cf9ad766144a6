import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { SealContext } from './seal.ts'

/** A new signing key, its private half in clear. */
export interface NewSigningKeyPair {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string
  /** JWKs (RFC 7517, RFC 8037) as JSON text; the public one is fit for a JWK Set. */
  readonly publicJwk: string
  readonly privateJwk: string
}

/** The JWS algorithm of session tokens (RFC 8037 §3.1). */
export const signingAlgorithm = 'EdDSA'

/** Makes an Ed25519 key pair. */
export async function newSigningKeyPair(): Promise<NewSigningKeyPair> {
  const pair = await generateKeyPair('Ed25519', { extractable: true })
  const publicJwk = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint(publicJwk)
  return {
    kid,
    publicJwk: JSON.stringify({ ...publicJwk, kid, alg: signingAlgorithm, use: 'sig' }),
    privateJwk: JSON.stringify(await exportJWK(pair.privateKey)),
  }
}

/** What the sealed private half of a signing key belongs to. */
export const signingKeySeal = (kid: string): SealContext => ({
  projectId: 0,
  toolId: 0,
  field: `signing_key/${kid}`,
})
