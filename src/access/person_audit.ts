import { auditChain } from '../crypto/audit_chain.ts'
import type { MasterKey } from '../crypto/master_key.ts'
import type { Clock } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import { appendAuditEvent } from '../store/audit_store.ts'
import type { Operation } from '../store/database.ts'

/** What a person did about its own account or connections, for the record. */
export interface PersonEvent {
  /** As `noun.verb`. */
  readonly action: string
  readonly userId: number
  readonly address: string | null
  /** What it befell, where that is not the account itself, and whose project that is. */
  readonly target?: string
  readonly projectId?: number
  readonly details?: JsonObject
}

/** Writes down what a person did, in the transaction it is done in (case 264). */
export function recordPerson(
  { clock, masterKey }: { readonly clock: Clock; readonly masterKey: MasterKey },
  { userId, ...event }: PersonEvent,
): Operation<void> {
  const actor = `user:${userId}`
  const defaults = { target: actor, projectId: null, details: {} }
  const entry = { ...defaults, ...event, actor, atMs: clock.nowMs() }
  return appendAuditEvent(entry, auditChain(masterKey))
}
