import type { OpenapiSource } from '../../model/openapi_import.ts'
import type { OperationOverride } from '../../model/openapi_source.ts'
import { notFound } from '../reach.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import { runWorker } from './run_worker.ts'
import { draftingTerms, presentTools } from './tool_portions.ts'
import type { DraftedOperation } from './worker_messages.ts'

/** Which operation to draft anew, and what is changed of it. */
export interface OneDraft {
  /** A kept document. */
  readonly document: Uint8Array
  readonly key: string
  readonly override: OperationOverride | null
}

/** Drafts one operation of a kept document in a worker. @throws AppError not_found, import_failed */
export async function draftOne(
  deps: OpenapiDeps,
  source: OpenapiSource,
  { document, key, override }: OneDraft,
): Promise<DraftedOperation> {
  const { manage, jobs } = deps
  const terms = await manage.database.read(() => draftingTerms(source))
  const others = terms.overrides.filter(([other]) => other !== key)
  const { settings, filter } = source
  let drafted: DraftedOperation | null = null
  await jobs.inTurn(() =>
    runWorker(deps, {
      task: {
        ...{ document: { kept: document }, settings, filter, only: key },
        takenNames: terms.takenNames,
        overrides: override === null ? others : [...others, [key, override]],
      },
      tools: () => presentTools(manage, source.id),
      take: async (message) => {
        if (message.kind === 'operations') drafted = message.operations[0] ?? drafted
      },
      signal: new AbortController().signal,
    }),
  )
  if (drafted === null) throw notFound('operation in the document of this source')
  return drafted
}
