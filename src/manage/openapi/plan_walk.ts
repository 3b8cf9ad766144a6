import type { PlannedOperation } from '../../model/openapi_import.ts'
import { listOperations } from '../../store/openapi_operation_store.ts'
import type { Page } from '../../store/page.ts'
import type { ManageDeps } from '../manage_deps.ts'

const PORTION = 50
const everything = {
  tag: null,
  method: null,
  path: null,
  operationId: null,
  q: null,
  change: null,
}

/** All operations of a plan, in portions. */
export async function* planPortions(
  { database }: ManageDeps,
  importId: number,
): AsyncGenerator<readonly PlannedOperation[]> {
  let position: string | null = null
  do {
    const from: string | null = position
    const page: Page<PlannedOperation> = await database.read(() =>
      listOperations(importId, everything, { limit: PORTION, position: from }),
    )
    yield page.items
    position = page.next
  } while (position !== null)
}
