import { sha256Hex } from '../../crypto/digest.ts'
import type { OperationDraft } from '../../importer/operation_draft.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { OperationChange, PlannedOperation } from '../../model/openapi_import.ts'
import type { OperationOverride } from '../../model/openapi_source.ts'
import type { DraftChange } from './draft_changes.ts'
import type { DraftedOperation, PresentTool } from './worker_messages.ts'

/** Compares two drafts of an operation field by field. */
export type DiffDrafts = (before: OperationDraft, after: OperationDraft) => readonly DraftChange[]

/** What becomes of an operation's tool. */
export type PlannedChange = Pick<PlannedOperation, 'change' | 'isDangerous' | 'changes'>

/** Whether an operation is to have a tool. */
export const becomesTool = (operation: Pick<PlannedOperation, 'isSelected' | 'quarantine'>) =>
  operation.isSelected && operation.quarantine === null

/** What applying does to the tool of an operation, with the fields that differ. */
export function plannedChange(
  { isTool, hasTool }: { readonly isTool: boolean; readonly hasTool: boolean },
  changes: readonly DraftChange[],
): PlannedChange {
  const change = changeOf({ isTool, hasTool }, changes.length > 0)
  const isChanged = change === 'changed'
  return {
    change,
    isDangerous: isChanged && changes.some((one) => one.isDangerous),
    changes: isChanged ? changes.map(changeJson) : [],
  }
}

function changeOf(
  { isTool, hasTool }: { readonly isTool: boolean; readonly hasTool: boolean },
  isDifferent: boolean,
): OperationChange {
  if (isTool) return hasTool ? (isDifferent ? 'changed' : 'unchanged') : 'added'
  return hasTool ? 'removed' : 'unchanged'
}

/** A change as it is stored and shown; numbers no double can hold are rounded. */
const changeJson = ({ field, before, after, isDangerous }: DraftChange): JsonObject =>
  JSON.parse(JSON.stringify({ field, before, after, is_dangerous: isDangerous })) as JsonObject

/** The path as the document has it. */
export const pathOfKey = (key: string) => key.slice(key.indexOf(' ') + 1)

/** A draft with its JSON and the hash of that. */
export interface WrittenDraft {
  readonly draft: OperationDraft
  readonly text: string
  readonly hash: string
}

/** Writes a draft down. */
export function writtenDraft(draft: OperationDraft): WrittenDraft {
  const text = JSON.stringify(draft)
  return { draft, text, hash: sha256Hex(text) }
}

/** What stands in a plan of every draft, whatever becomes of it. */
export function draftedOperation(
  { draft, text, hash }: WrittenDraft,
  plan: PlannedChange & {
    readonly position: number
    readonly isSelected: boolean
    readonly isEnabled: boolean
    readonly quarantine: string | null
  },
): DraftedOperation {
  return {
    isGone: false,
    ...plan,
    key: draft.key,
    method: draft.method,
    path: pathOfKey(draft.key),
    operationId: draft.operationId,
    tags: draft.tags,
    name: draft.name,
    description: draft.description,
    isDeprecated: draft.isDeprecated,
    tokens: draft.tokens,
    findings: draft.findings as unknown as JsonObject[],
    draftHash: hash,
    draft: Bun.zstdCompressSync(text),
    text,
  }
}

/** What stands in a plan of a tool whose operation the document no longer has. */
export function goneOperation(
  tool: PresentTool,
  draft: OperationDraft,
  position: number,
): DraftedOperation {
  return {
    ...draftedOperation(writtenDraft(draft), {
      position,
      isSelected: false,
      isEnabled: false,
      quarantine: null,
      change: 'removed',
      isDangerous: false,
      changes: [],
    }),
    isGone: true,
    name: tool.name,
    findings: [],
    draftHash: tool.draftHash,
    draft: null,
    text: null,
  }
}

/** Whether the tool of an operation will be enabled: reads are, where nobody said otherwise. */
export function enabledBy(
  draft: OperationDraft,
  override: OperationOverride | undefined,
  tool: { readonly isEnabled: boolean } | undefined,
): boolean {
  return override?.isEnabled ?? tool?.isEnabled ?? draft.method === 'GET'
}
