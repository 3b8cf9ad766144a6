import { diffDrafts, factsOfDraft } from '../../importer/diff_drafts.ts'
import type { OperationDraft } from '../../importer/operation_draft.ts'

/** How an operation's draft differs from the one its tool was made from, field by field. */
export const draftChanges = (before: OperationDraft, after: OperationDraft) =>
  diffDrafts(factsOfDraft(before), factsOfDraft(after))

/** One field that differs. */
export type DraftChange = ReturnType<typeof draftChanges>[number]
