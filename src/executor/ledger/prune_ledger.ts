import { pruneClaims } from '../../store/run_claim_store.ts'
import type { ExecutorDeps } from '../call_tool.ts'

/** Claims ended in one transaction: about a millisecond's work between two calls. */
const CHUNK = 200
/** How often claims that are over are cleared away. */
const ROUND_MS = 5_000

/** Ends claims that are over and deletes what was kept for them, in small chunks; yields how many. */
async function pruneLedger({ database, ledger }: ExecutorDeps): Promise<number> {
  let count = 0
  for (;;) {
    const pruned = await database.write(() => pruneClaims(ledger.time(), CHUNK), 'written')
    count += pruned
    if (pruned < CHUNK) return count
    await Bun.sleep(1)
  }
}

/** Prunes every few seconds until `clearInterval`; `onFailure` is told why a round did not end. */
export function startPruning(deps: ExecutorDeps, onFailure: (cause: unknown) => void): Timer {
  const timer = setInterval(() => void pruneLedger(deps).catch(onFailure), ROUND_MS)
  timer.unref()
  return timer
}
