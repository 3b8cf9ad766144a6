import type { ExecutorDeps } from '../executor/call_tool.ts'
import { startPruning } from '../executor/ledger/prune_ledger.ts'
import type { Logger } from '../log.ts'
import type { ManageDeps } from '../manage/manage_deps.ts'
import type { OpenapiDeps } from '../manage/openapi/openapi_deps.ts'
import { failAbandoned, recheckDue } from '../manage/openapi/recheck.ts'
import { addUp } from '../manage/usage.ts'
import type { Database } from '../store/database.ts'
import { clampClaims } from '../store/run_claim_store.ts'
import { closeAbandonedRuns } from '../store/run_store.ts'
import type { Parts } from './parts.ts'

/** How often ended calls are added up: so many calls at once that nobody waits for it. */
const USAGE_ROUND_MS = 1_000

function scheduleUsage(database: Database, logger: Logger): Timer {
  let isFailing = false
  const round = () => {
    addUp(database).then(
      () => {
        isFailing = false
      },
      (cause) => {
        if (!isFailing) logger.error('usage_not_added_up', { cause })
        isFailing = true
      },
    )
  }
  const timer = setInterval(round, USAGE_ROUND_MS)
  timer.unref()
  return timer
}

/** How often sources are looked through for one whose check is due. */
const RECHECK_ROUND_MS = 30_000

function scheduleRechecks(openapi: OpenapiDeps, logger: Logger): Timer {
  const round = () => {
    recheckDue(openapi).catch((cause) => logger.error('openapi_recheck_failed', { cause }))
  }
  const timer = setInterval(round, RECHECK_ROUND_MS)
  timer.unref()
  return timer
}

/** What the rounds go through. */
export interface RoundParts {
  readonly executor: ExecutorDeps
  readonly openapi: OpenapiDeps
}

/** Starts what a server does time and again by itself: each goes on until its timer is cleared. */
export function startRounds(parts: Parts, { executor, openapi }: RoundParts): readonly Timer[] {
  const { database, logger } = parts
  const pruning = startPruning(executor, (cause) =>
    logger.error('ledger_pruning_failed', { cause }),
  )
  return [pruning, scheduleRechecks(openapi, logger), scheduleUsage(database, logger)]
}

/** Closes what a process left open that is no more (reliability.md R7). */
export async function settlePast(parts: Parts, manage: ManageDeps): Promise<void> {
  const { clock, database, logger } = parts
  const count = await database.write(() => closeAbandonedRuns(clock.nowMs()))
  if (count > 0) logger.warn('runs_left_unknown', { count })
  await database.write(() => clampClaims(clock.nowMs()))
  const failed = await failAbandoned(manage)
  if (failed > 0) logger.warn('openapi_imports_abandoned', { count: failed })
}
