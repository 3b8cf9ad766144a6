import type { OperationDraft } from '../../importer/operation_draft.ts'
import type { PlannedOperation } from '../../model/openapi_import.ts'
import { type PlannedChange, plannedChange } from './plan_operation.ts'
import type { PresentTool } from './worker_messages.ts'

/** Origins that a refusal names. */
const NAMED = 5

/** Adds the origins that tools of a source are called at. */
export function addHosts(hosts: Set<string>, tools: Iterable<Pick<PresentTool, 'draft'>>): void {
  for (const { draft } of tools) {
    const text = Bun.zstdDecompressSync(draft as Uint8Array<ArrayBuffer>).toString()
    const { baseUrl } = JSON.parse(text) as Pick<OperationDraft, 'baseUrl'>
    if (baseUrl !== null) hosts.add(baseUrl)
  }
}

/**
 * What makes a new tool dangerous: it would take the secret of its source to an origin that none of
 * its tools is called at (case 282). Null where it does not; a source without tools has no such origin.
 */
export function newHost(
  hosts: ReadonlySet<string>,
  { baseUrl }: Pick<OperationDraft, 'baseUrl'>,
): Pick<PlannedOperation, 'isDangerous' | 'changes'> | null {
  if (baseUrl === null || hosts.size === 0 || hosts.has(baseUrl)) return null
  const before = [...hosts].slice(0, NAMED).join(', ')
  const change = { field: 'host', before, after: baseUrl, isDangerous: true }
  const { isDangerous, changes }: PlannedChange = plannedChange({ isTool: true, hasTool: true }, [
    change,
  ])
  return { isDangerous, changes }
}
