import { auditChain } from '../crypto/audit_chain.ts'
import type { MasterKey } from '../crypto/master_key.ts'
import type { Clock } from '../lib/clock.ts'
import type { AuditEntry } from '../model/audit_event.ts'
import type { UsageThreshold } from '../model/usage_limit.ts'
import { appendAuditEvent } from '../store/audit_store.ts'
import type { Database } from '../store/database.ts'
import { noteThreshold } from '../store/usage_limit_store.ts'

/** What raising thresholds needs. */
export interface ThresholdDeps {
  readonly database: Database
  readonly clock: Clock
  readonly masterKey: MasterKey
  /** Told of each threshold once per period. */
  readonly onThreshold: (threshold: UsageThreshold) => void
  /** Told that a threshold could not be put on record. */
  readonly onThresholdFailed: (cause: unknown) => void
}

/** Where a limit is nearly used up. */
export const nearlyPercent = 80

/** What is kept of thresholds that were raised: more than the longest period. */
const keptMs = 40 * 86_400_000
const maxRaised = 10_000

/**
 * Raises each threshold once per period, as the audit event `usage.threshold`: also over restarts, and
 * anew where the limit was changed.
 */
export class UsageThresholds {
  private readonly deps: ThresholdDeps
  /** Spares the store the question. */
  private readonly raised = new Set<string>()

  constructor(deps: ThresholdDeps) {
    this.deps = deps
  }

  /** Never throws and is not waited for: a call does not depend on it. */
  raise(threshold: UsageThreshold): void {
    const { owner, id, limit, allowed, period, percent } = threshold
    const key = [owner, id, limit, allowed, period, percent].join()
    if (this.raised.has(key)) return
    if (this.raised.size >= maxRaised) this.raised.clear()
    this.raised.add(key)
    this.record(threshold).catch((cause) => {
      this.raised.delete(key)
      this.deps.onThresholdFailed(cause)
    })
  }

  private async record(threshold: UsageThreshold): Promise<void> {
    const { database, clock, masterKey, onThreshold } = this.deps
    const nowMs = clock.nowMs()
    const chain = auditChain(masterKey)
    const isNew = await database.write(function* () {
      const isNoted = yield* noteThreshold(threshold, { nowMs, forgetBeforeMs: nowMs - keptMs })
      if (isNoted) yield* appendAuditEvent(entryOf(threshold, nowMs), chain)
      return isNoted
    }, 'written')
    if (isNew) onThreshold(threshold)
  }
}

function entryOf(threshold: UsageThreshold, atMs: number): AuditEntry {
  const { owner, id, projectId, limit, allowed, used, percent, period } = threshold
  return {
    atMs,
    actor: 'system',
    action: 'usage.threshold',
    target: `${owner}:${id}`,
    projectId,
    details: { limit, allowed, used, percent, period },
    address: null,
  }
}
