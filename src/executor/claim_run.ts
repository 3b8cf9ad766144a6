import { AppError } from '../errors.ts'
import type { RunStart } from '../model/run.ts'
import { isReadMethod } from '../model/tool.ts'
import { isGrantStillLive, isStillLive } from '../store/credential_store.ts'
import type { Database, Operation } from '../store/database.ts'
import {
  claimLeftMs,
  countReplay,
  type EarlierRun,
  findClaim,
  keepAnswer,
  type LedgerTime,
  releaseClaim,
} from '../store/run_claim_store.ts'
import { claimLifeMs, insertSendingRun } from '../store/run_store.ts'
import type { Permit } from './authorize.ts'

/** A run about to begin, and when. */
export interface Claiming {
  readonly run: RunStart
  readonly time: LedgerTime
  /** Sealed: how to verify the run, should nobody learn its outcome; null where nobody can. */
  readonly sealedPlan: Uint8Array | null
}

/**
 * Puts a request on record, on disk where it writes, before its first byte leaves, in the transaction
 * that reads once more whether credential and tool still stand (R1, case 43). The row is the claim: a
 * run that stands for the same request is yielded instead, and counted as having answered a repeat.
 * @returns null where the row was written, which `finishRun` must close
 * @throws AppError aborted_before_send
 */
export function claimRun(
  database: Database,
  permit: Permit,
  claiming: Claiming,
): Promise<EarlierRun | null> {
  const durability = isReadMethod(claiming.run.httpMethod) ? 'written' : 'synced'
  return database.write(() => claim(permit, claiming), durability)
}

/**
 * Reads once more whether credential and tool still stand, before a request that waited is sent.
 * @throws AppError aborted_before_send
 */
export async function refuseIfRevoked(
  database: Database,
  permit: Permit,
  run: RunStart,
): Promise<void> {
  if (!(await database.read(() => stillStands(permit, run)))) throw revokedMeanwhile()
}

const revokedMeanwhile = () =>
  new AppError('aborted_before_send', {
    reason: 'The credential was revoked or the tool changed while the call was being prepared.',
  })

function* claim(permit: Permit, claiming: Claiming): Operation<EarlierRun | null> {
  const { run, time, sealedPlan } = claiming
  if (!(yield* stillStands(permit, run))) throw revokedMeanwhile()
  for (;;) {
    const seq = yield* insertSendingRun(run)
    if (seq !== null) {
      if (sealedPlan !== null) {
        yield* keepAnswer(seq, { sealed: sealedPlan, lifeMs: claimLifeMs }, time)
      }
      return null
    }
    const earlier = run.claim === null ? null : yield* findClaim(run.claim.hash)
    if (earlier === null) throw new Error('a claim was refused that nobody holds')
    // A read that nobody knows the end of may be asked again.
    const isLost = isReadMethod(run.httpMethod) && earlier.state !== 'done'
    if (claimLeftMs(earlier, time) > 0 && !isLost) {
      if (isSame(run, earlier)) yield* countReplay(earlier.seq, time.nowMs)
      return earlier
    }
    yield* releaseClaim(earlier.seq, time.nowMs)
  }
}

/** Under one key a request may be another. */
function isSame({ claim }: RunStart, { requestHash }: EarlierRun): boolean {
  const own = claim?.requestHash ?? null
  return own === null || requestHash === null || Buffer.from(own).equals(requestHash)
}

/** An administrator's trial stands on nothing that could have ended meanwhile. */
function* stillStands({ principal, compiled }: Permit, run: RunStart): Operation<boolean> {
  const { apiKeyId, session, grant } = principal
  const { toolId, toolVersion, startedAtMs: nowMs } = run
  if (grant !== null) {
    const { requiredScopes } = compiled.tool.definition
    const { tokenHash } = grant
    return yield* isGrantStillLive({ tokenHash, requiredScopes, toolId, toolVersion, nowMs })
  }
  if (apiKeyId === null) return true
  return yield* isStillLive({ apiKeyId, session, toolId, toolVersion, nowMs })
}
