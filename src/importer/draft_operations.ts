import type { ImportSettings, OperationOverride } from '../model/openapi_source.ts'
import type { ApiDocument, ApiOperation } from './api_document.ts'
import { type DraftContext, remark } from './draft/draft_context.ts'
import { draftOperation } from './draft/draft_operation.ts'
import { nameOperations } from './draft/name_book.ts'
import type { OperationDraft } from './operation_draft.ts'

/** What drafts depend on besides the document. */
export interface DraftOptions {
  readonly settings: ImportSettings
  /** By key. */
  readonly overrides: ReadonlyMap<string, OperationOverride>
  /** Names given by an earlier import, by key; they are kept. */
  readonly namesByKey: ReadonlyMap<string, string>
  /** Names of other tools of the project, lower case. */
  readonly takenNames: ReadonlySet<string>
}

/**
 * Drafts the operations of a document in its order, one whenever one is asked for, so that no more
 * than one is in memory. An operation that cannot be drafted comes quarantined with the reason; none
 * spoils the others. Names are given for the whole document at the start (wire.md §9).
 */
export function* draftOperations(
  document: ApiDocument,
  options: DraftOptions,
): Generator<OperationDraft> {
  const { names, refused } = nameOperations(document, options)
  for (const operation of document.operations) {
    const context: DraftContext = {
      document,
      operation,
      settings: options.settings,
      override: options.overrides.get(operation.key) ?? {},
      findings: [],
    }
    const name = names.get(operation.key)
    if (refused.has(operation.key)) remarkRefusedName(context)
    yield name === undefined ? unusable(context, 'Its key is there twice.') : guarded(context, name)
  }
}

function guarded(context: DraftContext, name: string): OperationDraft {
  try {
    return draftOperation(context, name)
  } catch (error) {
    return unusable(context, error instanceof Error ? error.message : String(error), name)
  }
}

function remarkRefusedName(context: DraftContext): void {
  remark(context, {
    severity: 'warning',
    code: 'name_taken',
    reason: `The name ${JSON.stringify(context.override.name ?? '')} is taken or cannot be one.`,
    fix: 'Choose another in the override of the operation.',
  })
}

/** A draft that says only why there is none. */
function unusable(context: DraftContext, why: string, name = 'unnamed'): OperationDraft {
  const { operation } = context
  const reason = `It cannot be made a tool: ${why}`
  const fix = 'Correct the operation in the document, or by an overlay.'
  remark(context, { severity: 'error', code: 'operation_left_out', reason, fix })
  return { ...nothing(operation), name, quarantine: reason, findings: context.findings }
}

const nothing = (
  operation: ApiOperation,
): Omit<OperationDraft, 'name' | 'quarantine' | 'findings'> => ({
  key: operation.key,
  method: operation.method,
  path: operation.path,
  operationId: operation.operationId,
  tags: operation.tags,
  isDeprecated: operation.isDeprecated,
  description: '',
  annotations: {},
  inputSchema: { type: 'object', properties: {} },
  outputSchema: null,
  baseUrl: null,
  map: {
    path: operation.path,
    fixedQuery: '',
    parameters: [],
    body: null,
    accept: null,
    schema: { type: 'object', properties: {} },
    aliases: {},
  },
  requiredScopes: [],
  auth: [],
  tokens: 0,
})
