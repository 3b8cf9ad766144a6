import { seal } from '../crypto/seal.ts'
import { newSigningKeyPair, signingKeySeal } from '../crypto/signing_key.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { SigningKey } from '../model/signing_key.ts'
import { listLiveSigningKeys, replaceSigningKey } from '../store/signing_key_store.ts'
import { audited } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { requireWholeInstance } from './reach.ts'

/** Lists the keys whose signatures count now, the current one first; none before the first token. */
export async function listSigningKeys(
  deps: ManageDeps,
  admin: Administrator,
): Promise<readonly SigningKey[]> {
  requireWholeInstance(admin)
  return publicSigningKeys(deps)
}

/** As `listSigningKeys`, for everyone: what is public of them is all there is to see. */
export function publicSigningKeys({ database, clock }: ManageDeps): Promise<readonly SigningKey[]> {
  return database.read(() => listLiveSigningKeys(clock.nowMs()))
}

/**
 * Puts a new signing key in place. What older keys have signed counts for `overlapSeconds` more; with
 * 0 every session token out there ends now.
 */
export async function rotateSigningKey(
  deps: ManageDeps,
  admin: Administrator,
  overlapSeconds: number,
): Promise<readonly SigningKey[]> {
  requireWholeInstance(admin)
  const { clock, masterKey } = deps
  const { kid, publicJwk, privateJwk } = await newSigningKeyPair()
  const sealedPrivateKey = seal(masterKey, signingKeySeal(kid), privateJwk)
  const nowMs = clock.nowMs()
  const key = { kid, publicJwk, sealedPrivateKey, createdAtMs: nowMs }
  await audited(deps, admin, {
    operation: () => replaceSigningKey(key, nowMs + overlapSeconds * 1000),
    event: () => ({
      action: 'signing_key.rotate',
      target: `signing_key:${kid}`,
      projectId: null,
      details: { overlap_seconds: overlapSeconds },
    }),
  })
  return publicSigningKeys(deps)
}
