import type { OperationDraft } from '../../importer/operation_draft.ts'
import { parseJson } from '../../lib/json.ts'

/** Reads a draft back from its JSON, digit for digit. */
export const draftOfText = (text: string): OperationDraft =>
  parseJson(text, { maxDepth: 512, takesFieldNames: true }) as unknown as OperationDraft
