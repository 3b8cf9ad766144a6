import { createHmac } from 'node:crypto'
import { canonicalJson } from '../lib/canonical_json.ts'
import type { AuditChain } from '../model/audit_event.ts'
import type { MasterKey } from './master_key.ts'

/**
 * Chains audit events: HMAC-SHA256, under a key of the master key's, over the hash before and the
 * event in canonical JSON. Nobody without the master key can write a chain that fits (case 265).
 */
export function auditChain({ auditKey }: MasterKey): AuditChain {
  return (previous, event) => {
    const { seq, atMs, actor, action, target, projectId, details, address } = event
    const text = canonicalJson({ seq, atMs, actor, action, target, projectId, details, address })
    const hmac = createHmac('sha256', auditKey)
    return hmac
      .update(previous ?? new Uint8Array(32))
      .update(text)
      .digest()
  }
}
