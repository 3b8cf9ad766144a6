import { timingSafeEqual } from 'node:crypto'
import { auditChain } from '../crypto/audit_chain.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { AuditEntry, AuditEvent } from '../model/audit_event.ts'
import {
  type AuditFilter,
  appendAuditEvent,
  findAuditHead,
  listAuditEvents as listAll,
  readAuditEvents,
} from '../store/audit_store.ts'
import type { Operation } from '../store/database.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { projectInReach, requireWholeInstance } from './reach.ts'

/** What of a change goes on record beside who made it, when and from where. */
export interface Audited {
  readonly action: string
  readonly target: string
  readonly projectId: number | null
  readonly details?: JsonObject
}

/**
 * Makes a change and writes down who made it, in one transaction: neither happens without the other
 * (case 264). A result for which `event` gives null changed nothing and is not written down.
 */
export function audited<T>(
  deps: ManageDeps,
  admin: Administrator,
  change: {
    readonly event: (result: T) => Audited | null
    readonly operation: () => Operation<T>
  },
): Promise<T> {
  const chain = auditChain(deps.masterKey)
  return deps.database.write(function* () {
    const result = yield* change.operation()
    const event = change.event(result)
    if (event !== null) yield* appendAuditEvent(entryOf(deps, admin, event), chain)
    return result
  })
}

function entryOf({ clock }: ManageDeps, admin: Administrator, event: Audited): AuditEntry {
  const { label: actor, address } = admin
  return { details: {}, ...event, atMs: clock.nowMs(), actor, address }
}

/** The fields that differ between two states of a thing, each as `{from, to}`; times of change aside. */
export function changesBetween(before: object, after: object): JsonObject {
  const changes: JsonObject = {}
  for (const [name, to] of Object.entries(after)) {
    const from = (before as Record<string, unknown>)[name]
    if (name.endsWith('AtMs') || Bun.deepEquals(from, to)) continue
    changes[snakeCase(name)] = JSON.parse(JSON.stringify({ from: from ?? null, to })) as JsonValue
  }
  return changes
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Lists events, newest first: those of one project, or with a whole-instance credential all. */
export function listAuditEvents(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & AuditFilter,
): Promise<CursorPage<AuditEvent>> {
  const isAll = admin.projectId === null && request.projectId === null
  const projectId = isAll ? null : projectInReach(admin, request.projectId)
  const filter = { ...request, projectId }
  const list = (position: string | null) => listAll(filter, request.limit, position)
  return readPage(deps, `audit|${projectId}`, { ...request, list })
}

/** What became of following the chain. */
export interface AuditVerdict {
  /** How many events fit. */
  readonly checked: number
  readonly lastSeq: number
  /** Lower-case hex; to be kept elsewhere, as proof against a log that was replaced as a whole. */
  readonly lastHash: string
  /** The first that does not fit, and how; null where all do. */
  readonly fault: { readonly seq: number; readonly what: string } | null
}

const BATCH = 1_000

/** Follows the chain from the first event to the last (case 265). */
export async function verifyAudit(deps: ManageDeps, admin: Administrator): Promise<AuditVerdict> {
  requireWholeInstance(admin)
  const chain = auditChain(deps.masterKey)
  let previous: AuditEvent | null = null
  for (;;) {
    const after: number = previous?.seq ?? 0
    const batch = await deps.database.read(() => readAuditEvents(after, BATCH))
    for (const event of batch) {
      const expected = chain(previous?.hash ?? null, event)
      const what =
        event.seq !== (previous?.seq ?? 0) + 1
          ? `event ${(previous?.seq ?? 0) + 1} is missing`
          : timingSafeEqual(expected, event.hash)
            ? null
            : 'it was changed, or the one before it was'
      if (what !== null) return verdict(previous, { seq: event.seq, what })
      previous = event
    }
    if (batch.length < BATCH) return verdict(previous, await cutOff(deps, previous))
  }
}

/** Whether events are missing at the end: the hash of the last one is kept apart. */
async function cutOff(deps: ManageDeps, last: AuditEvent | null): Promise<AuditVerdict['fault']> {
  const head = await deps.database.read(() => findAuditHead())
  const isWhole = head === null ? last === null : last !== null && timingSafeEqual(head, last.hash)
  if (isWhole) return null
  return { seq: (last?.seq ?? 0) + 1, what: 'events are missing from here to the end' }
}

const verdict = (last: AuditEvent | null, fault: AuditVerdict['fault']): AuditVerdict => ({
  checked: last?.seq ?? 0,
  lastSeq: last?.seq ?? 0,
  lastHash: last === null ? '' : Buffer.from(last.hash).toString('hex'),
  fault,
})
