import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { JsonObject } from '../lib/json.ts'
import { type AssertionAlgorithm, assertionAlgorithms } from '../model/assertion_key.ts'
import { readPublicKey } from './public_key.ts'

/** A private key and the one algorithm that it signs assertions with. */
export interface AssertionSigner {
  readonly algorithm: AssertionAlgorithm
  readonly key: KeyObject
}

/**
 * Reads a private key in PEM: PKCS #8, SEC 1 or PKCS #1, without a passphrase. Yields the fault as
 * text where there is one; it never repeats what was given.
 * @throws AppError invalid_public_key or unsupported_algorithm - its public half cannot be registered
 */
export function readAssertionSigner(pem: string): AssertionSigner | { readonly fault: string } {
  if (/PUBLIC KEY/.test(pem)) return { fault: 'This is a public key; its private half signs.' }
  if (/ENCRYPTED/.test(pem)) {
    return { fault: 'The key has a passphrase. openssl pkey -in FILE writes it without.' }
  }
  const key = privateKeyOf(pem)
  if (key === null) {
    const algorithms = assertionAlgorithms.join(', ')
    return { fault: `Give a file that begins with -----BEGIN PRIVATE KEY-----, for ${algorithms}.` }
  }
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  return { algorithm: readPublicKey(publicKey, null).algorithm, key }
}

function privateKeyOf(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem)
  } catch {
    return null
  }
}

/** Signs claims as a backend does: a compact JWT whose header names algorithm and `kid` (wire.md §3). */
export function signMemberAssertion(
  { algorithm, key }: AssertionSigner,
  kid: string,
  claims: JsonObject,
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid }).sign(key)
}
