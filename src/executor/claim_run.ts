import { AppError } from '../errors.ts'
import type { RunStart } from '../model/run.ts'
import { isReadMethod } from '../model/tool.ts'
import { isStillLive } from '../store/credential_store.ts'
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
  const { apiKeyId, session } = permit.principal
  if (apiKeyId !== null) {
    const { toolId, toolVersion } = run
    const check = { apiKeyId, session, toolId, toolVersion, nowMs: run.startedAtMs }
    if (!(yield* isStillLive(check))) {
      throw new AppError('aborted_before_send', {
        reason: 'The credential was revoked or the tool changed while the call was being prepared.',
      })
    }
  }
  yield* insertSendingRun(run)
}
