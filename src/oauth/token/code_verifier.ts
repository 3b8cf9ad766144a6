import { timingSafeEqual } from 'node:crypto'
import { sha256 } from '../../crypto/digest.ts'

/**
 * Whether a client is the one that asked for the code: the SHA-256 of its verifier is the challenge of
 * then (RFC 7636 §4.6; cases 96, 97).
 */
export function provesChallenge(verifier: string | null, codeChallenge: string): boolean {
  if (verifier === null || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false
  const shown = Buffer.from(Buffer.from(sha256(verifier)).toString('base64url'))
  const expected = Buffer.from(codeChallenge)
  return shown.length === expected.length && timingSafeEqual(shown, expected)
}
