import { builtinToolNames } from '../../model/builtin_tool_names.ts'
import type { Operation } from '../../store/database.ts'
import { findDraft } from '../../store/openapi_operation_store.ts'
import { listOverrides } from '../../store/openapi_override_store.ts'
import { listForeignNames, listSourceTools } from '../../store/openapi_tool_store.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { Slices } from './slices.ts'
import type { ImportTask, PresentTool } from './worker_messages.ts'

const PORTION = 50

/** The tools a source has now, with the drafts they were made from, in portions. */
export async function* presentTools(
  { database }: ManageDeps,
  sourceId: number,
): AsyncGenerator<readonly PresentTool[]> {
  const slices = new Slices()
  let afterKey = ''
  for (;;) {
    const from = afterKey
    const tools = await database.read(() => portionOf(sourceId, from))
    if (tools.length > 0) yield tools
    if (tools.length < PORTION) return
    afterKey = tools.at(-1)?.key ?? ''
    await slices.breathe()
  }
}

function* portionOf(sourceId: number, afterKey: string): Operation<readonly PresentTool[]> {
  const tools = yield* listSourceTools(sourceId, PORTION, afterKey)
  const present: PresentTool[] = []
  for (const { key, name, isEnabled, draftHash } of tools) {
    const draft = yield* findDraft(draftHash)
    if (draft !== null) present.push({ key, name, isEnabled, draftHash, draft })
  }
  return present
}

/** What else drafting depends on. */
export function* draftingTerms(source: {
  readonly id: number
  readonly projectId: number
}): Operation<Pick<ImportTask, 'overrides' | 'takenNames'>> {
  const overrides: [string, ImportTask['overrides'][number][1]][] = []
  let position: string | null = null
  do {
    const page: { items: readonly { key: string; override: object }[]; next: string | null } =
      yield* listOverrides(source.id, 200, position)
    for (const { key, override } of page.items) overrides.push([key, override])
    position = page.next
  } while (position !== null)
  const names = yield* listForeignNames(source.projectId, source.id)
  return { overrides, takenNames: [...names, ...builtinToolNames] }
}
