import type { JsonObject } from '../lib/json.ts'

/** One administrative change, or one event that security depends on. */
export interface AuditEntry {
  readonly atMs: number
  /** Who: `admin_token:7`, `api_key:3`, `user:2`, `local`, `system`, or `anonymous`. */
  readonly actor: string
  /** What, as `noun.verb`: `integration.delete`. */
  readonly action: string
  /** Whom it befell: `integration:4`; empty for the whole installation. */
  readonly target: string
  readonly projectId: number | null
  /** What changed, by field; never holds a secret. */
  readonly details: JsonObject
  /** From where; null on the machine itself. */
  readonly address: string | null
}

/** An entry in its place in the log. */
export interface AuditEvent extends AuditEntry {
  /** Counts up by one, without gaps. */
  readonly seq: number
  /** Chains it to all before it. */
  readonly hash: Uint8Array
}

/** Gives the hash of an event from that of the one before; null for the first. */
export type AuditChain = (
  previous: Uint8Array | null,
  event: Omit<AuditEvent, 'hash'>,
) => Uint8Array
