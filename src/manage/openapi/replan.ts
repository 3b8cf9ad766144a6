import type { OpenapiImport, PlannedOperation } from '../../model/openapi_import.ts'
import type { OperationFilter } from '../../model/openapi_source.ts'
import { putImportFilter } from '../../store/openapi_import_store.ts'
import { type Selection, updateSelections } from '../../store/openapi_operation_store.ts'
import { findSourceTool } from '../../store/openapi_tool_store.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { toolFault } from './compose_tool.ts'
import { draftChanges } from './draft_changes.ts'
import { CountTally } from './import_tally.ts'
import { addHosts, newHost } from './new_host.ts'
import { operationFilter } from './operation_filter.ts'
import { becomesTool, plannedChange } from './plan_operation.ts'
import { planPortions } from './plan_walk.ts'
import { Slices } from './slices.ts'
import { readDraft } from './stage_tools.ts'
import { presentTools } from './tool_portions.ts'

/** Plans an import anew with another filter; what was drafted stays. */
export async function replan(
  deps: ManageDeps,
  found: OpenapiImport,
  filter: OperationFilter,
): Promise<void> {
  const isSelected = operationFilter(filter)
  const tally = new CountTally()
  const slices = new Slices()
  const hosts = await knownHosts(deps, found.sourceId)
  for await (const portion of planPortions(deps, found.id)) {
    const selections: Selection[] = []
    for (const operation of portion) {
      // A tool whose operation the document no longer has follows no filter.
      const { isGone } = operation
      const next = isGone
        ? operation
        : await selected(deps, { found, hosts, operation, isSelected })
      if (next !== operation) selections.push(next)
      tally.add(next)
      await slices.breathe()
    }
    await deps.database.write(() => updateSelections(found.id, selections), 'written')
  }
  await deps.database.write(() => putImportFilter(found.id, filter, tally.total()))
}

async function knownHosts(deps: ManageDeps, sourceId: number): Promise<ReadonlySet<string>> {
  const hosts = new Set<string>()
  const slices = new Slices()
  for await (const tools of presentTools(deps, sourceId)) {
    for (const tool of tools) {
      addHosts(hosts, [tool])
      await slices.breathe()
    }
  }
  return hosts
}

interface Reselection {
  readonly found: OpenapiImport
  readonly hosts: ReadonlySet<string>
  readonly operation: PlannedOperation
  readonly isSelected: ReturnType<typeof operationFilter>
}

async function selected(
  deps: ManageDeps,
  { found, hosts, operation, isSelected: selects }: Reselection,
): Promise<PlannedOperation> {
  const isSelected = selects(operation)
  if (isSelected === operation.isSelected) return operation
  const tool = await deps.database.read(() => findSourceTool(found.sourceId, operation.key))
  const draft = isSelected ? await readDraft(deps, operation.draftHash) : null
  // What was left out had not been checked.
  const fault = draft === null ? null : toolFault(deps, draft)
  const quarantine = operation.quarantine ?? fault
  const isTool = becomesTool({ isSelected, quarantine })
  const isSame = tool === null || tool.draftHash === operation.draftHash
  const before = !isTool || isSame ? null : await readDraft(deps, tool.draftHash)
  const changes = before === null || draft === null ? [] : draftChanges(before, draft)
  return {
    ...operation,
    ...plannedChange({ isTool, hasTool: tool !== null }, changes),
    ...(isTool && tool === null && draft !== null ? newHost(hosts, draft) : null),
    isSelected,
    quarantine,
  }
}
