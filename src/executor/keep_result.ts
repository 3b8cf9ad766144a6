import { randomBytes } from 'node:crypto'
import { sha256 } from '../crypto/digest.ts'
import type { MasterKey } from '../crypto/master_key.ts'
import { type SealContext, seal } from '../crypto/seal.ts'
import { AppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Principal } from '../model/principal.ts'
import type { Database } from '../store/database.ts'
import {
  insertResult,
  type KeptResult,
  type ResultHolder,
  type ResultLimits,
} from '../store/result_store.ts'

/** What keeping an answer, and reading it again, needs. */
export interface KeepDeps {
  readonly database: Database
  readonly clock: Clock
  readonly masterKey: MasterKey
}

/** An answer that did not fit. */
export interface LongResult {
  readonly toolId: number
  readonly kind: KeptResult['kind']
  readonly text: string
  /** How large a page of it may be. */
  readonly pageBytes: number
}

/** How long the rest of an answer can be read. */
const resultLifeMs = 3_600_000

const LIMITS: ResultLimits = { holderBytes: 32 * 1024 * 1024, totalBytes: 256 * 1024 * 1024 }

/**
 * Keeps an answer for its caller alone, sealed, and gives the handle it is read with. Null where it is
 * not kept: it is too large, an administrator only tried the tool out, or the store failed, which must
 * not turn an answer into an error.
 */
export async function keepResult(
  { database, clock, masterKey }: KeepDeps,
  principal: Principal,
  { toolId, kind, text, pageBytes }: LongResult,
): Promise<string | null> {
  const holder = holderOf(principal)
  if (holder === null || Buffer.byteLength(text) + SEAL_BYTES > LIMITS.holderBytes) return null
  const handle = randomBytes(18).toString('base64url')
  const hash = sha256(handle)
  const sealed = seal(masterKey, sealContext(holder, hash), text)
  const createdAtMs = clock.nowMs()
  const times = { createdAtMs, expiresAtMs: createdAtMs + resultLifeMs }
  const result = { ...holder, hash, toolId, kind, sealed, pageBytes, ...times }
  try {
    await database.write(() => insertResult(result, LIMITS), 'written')
    return handle
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

/** More than what sealing and the row add. */
const SEAL_BYTES = 4 * 1024

/** Who may read an answer again: the one member, grant or integration; null for an administrator. */
export function holderOf(principal: Principal): ResultHolder | null {
  const { projectId, integrationId, session, grant, kind } = principal
  if (kind === 'administrator') return null
  if (grant !== null) return { projectId, integrationId, holder: `grant:${grant.id}` }
  if (session !== null) return { projectId, integrationId, holder: `member:${session.memberId}` }
  return { projectId, integrationId, holder: 'integration' }
}

/** What an answer is sealed for. */
export function sealContext(holder: ResultHolder, hash: Uint8Array): SealContext {
  const { projectId, integrationId } = holder
  const field = `result|${integrationId}|${holder.holder}|${Buffer.from(hash).toString('hex')}`
  return { projectId, toolId: 0, field }
}
