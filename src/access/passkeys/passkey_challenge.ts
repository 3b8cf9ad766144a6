import { randomBytes } from 'node:crypto'
import { sha256 } from '../../crypto/digest.ts'
import { AppError } from '../../errors.ts'
import {
  insertPasskeyChallenge,
  type PasskeyChallenge,
  takePasskeyChallenge,
} from '../../store/passkey_challenge_store.ts'
import type { ConsoleDeps } from '../console_session.ts'

/** How long a person may look for the device. */
export const challengeLifeMs = 5 * 60_000
/** Of everybody together. */
const most = 5_000

type For = Pick<PasskeyChallenge, 'purpose' | 'holder'>

/**
 * Makes a challenge that one browser may answer, once, within five minutes.
 * @returns 32 random bytes in base64url
 * @throws AppError overloaded - too many are on their way
 */
export async function newChallenge(deps: ConsoleDeps, wanted: For): Promise<string> {
  const challenge = randomBytes(32).toString('base64url')
  const nowMs = deps.clock.nowMs()
  const times = { nowMs, expiresAtMs: nowMs + challengeLifeMs, most }
  const isKept = await deps.database.write(() =>
    insertPasskeyChallenge({ ...wanted, hash: sha256(challenge) }, times),
  )
  if (!isKept) throw new AppError('overloaded')
  return challenge
}

/** Takes the challenge that an answer names, whatever comes of the answer then. */
export function takeChallenge(deps: ConsoleDeps, challenge: string, wanted: For): Promise<boolean> {
  const taken = { ...wanted, hash: sha256(challenge) }
  return deps.database.write(() => takePasskeyChallenge(taken, deps.clock.nowMs()))
}
