import { pruneDrafts, pruneImports, pruneOperations } from '../../store/openapi_operation_store.ts'
import type { ManageDeps } from '../manage_deps.ts'

/** Rows that go in one transaction. */
const PORTION = 200

/**
 * Removes what no plan of a source needs any more, a little at a time. What was done before stands
 * whether this comes to an end or not: the next import tidies again.
 */
export function tidySource(deps: ManageDeps, sourceId: number): void {
  tidy(deps, sourceId).catch(() => {})
}

async function tidy({ database }: ManageDeps, sourceId: number): Promise<void> {
  const write = (operation: () => ReturnType<typeof pruneDrafts>) =>
    database.write(operation, 'written')
  while (await write(() => pruneOperations(sourceId, PORTION)));
  while (await write(() => pruneDrafts(PORTION)));
  await write(() => pruneImports(sourceId, KEPT_IMPORTS))
}

/** How many imports of a source stay on record. */
const KEPT_IMPORTS = 50
