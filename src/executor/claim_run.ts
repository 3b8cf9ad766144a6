import { AppError } from '../errors.ts'
import type { RunStart } from '../model/run.ts'
import { isReadMethod } from '../model/tool.ts'
import { isGrantStillLive, isStillLive } from '../store/credential_store.ts'
import type { Database, Operation } from '../store/database.ts'
import { insertSendingRun } from '../store/run_store.ts'
import type { Permit } from './authorize.ts'

/**
 * Puts a write on record, on disk, before its first byte leaves, in the transaction that reads once
 * more whether credential and tool still stand (R1, case 43). A read needs no claim.
 * @returns whether a row was written, which `finishRun` must close
 * @throws AppError aborted_before_send
 */
export async function claimRun(
  database: Database,
  permit: Permit,
  run: RunStart,
): Promise<boolean> {
  if (isReadMethod(run.httpMethod)) return false
  await database.write(() => claim(permit, run), 'synced')
  return true
}

function* claim(permit: Permit, run: RunStart): Operation<void> {
  if (!(yield* stillStands(permit, run))) {
    throw new AppError('aborted_before_send', {
      reason: 'The credential was revoked or the tool changed while the call was being prepared.',
    })
  }
  yield* insertSendingRun(run)
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
