import { AppError } from '../errors.ts'
import type { ReadyState } from '../http/health.ts'
import type { Logger } from '../log.ts'
import { masterKeyCheck } from '../manage/unlock_store.ts'
import { findInstanceValue } from '../store/instance_store.ts'
import { findNewestTime } from '../store/newest_time_store.ts'
import type { OpenStore } from '../store/open_sqlite.ts'
import type { OnStoreEvent } from '../store/store_event.ts'
import type { Parts } from './parts.ts'

/** How a server was told to start. */
export interface Serving {
  /** Whether a clock far behind the newest record is taken for right (reliability.md case 239). */
  readonly acceptsClock: boolean
}

/** What `/readyz` says of the store. */
export async function readyState(store: OpenStore): Promise<ReadyState> {
  const state = store.state()
  if (state.status === 'store_damaged') return { status: state.status, quick_check: state.findings }
  if (state.status !== 'sound') return state
  const read = store.database.read(() => findInstanceValue(masterKeyCheck))
  return read.then(
    () => ({ status: 'ready' }),
    () => ({ status: 'store_unavailable' }),
  )
}

/** A start that meets a damaged page ends as one that cannot read the file at all (case 229). */
export async function refusingDamage(store: OpenStore, start: () => Promise<void>): Promise<void> {
  try {
    await start()
  } catch (cause) {
    if (store.state().status !== 'store_damaged') throw cause
    const reason =
      'A page of gatehouse.db is damaged. Keep a copy of the directory and restore a backup.'
    throw new AppError('store_unusable', { reason, cause })
  }
}

/** How far behind the newest record a clock may be: summer time and a corrected clock are no harm. */
const CLOCK_TOLERANCE_MS = 24 * 60 * 60 * 1000

/** Looks at the clock and keeps room on the disk. @throws AppError clock_behind */
export async function startServing(parts: Parts, { acceptsClock }: Serving): Promise<void> {
  const { clock, database, logger, store } = parts
  const nowMs = clock.nowMs()
  const newestMs = await database.read(findNewestTime)
  if (newestMs !== null && newestMs - nowMs > CLOCK_TOLERANCE_MS) {
    const [now, newest] = [nowMs, newestMs].map((ms) => new Date(ms).toISOString())
    const reason = `It says ${now}, and the newest record is of ${newest}. Set the clock, or start with --accept-clock.`
    if (!acceptsClock) throw new AppError('clock_behind', { reason })
    logger.warn('clock_accepted', { now, newest })
  }
  store.keepReserve().catch((cause) => logger.warn('reserve_not_kept', { cause }))
}

/** Writes what befalls the store to the log. */
export function storeEventLog(logger: Logger, onFailed: (error: AppError) => void): OnStoreEvent {
  return (event) => {
    const { kind, ...fields } = event
    if (kind === 'storage_freed') logger.info(kind)
    else if (kind === 'wal_grown') {
      logger.warn(kind, { bytes: event.bytes, is_cut_back: event.isCutBack })
    } else logger.error(kind, fields)
    if (kind === 'store_failed') onFailed(storeFailure(event.cause))
  }
}

function storeFailure(cause: Error): AppError {
  const reason = `${cause.message}. The server ends, so that what is on the disk is read anew when it starts again.`
  return new AppError('store_failed', { reason, cause })
}
