import type { Database } from '../store/database.ts'
import { deleteExpiredTokens } from '../store/oauth_token_store.ts'
import type { OauthDeps } from './oauth_deps.ts'

const HOUR_MS = 3_600_000
const prunedAtMs = new WeakMap<Database, number>()

/** Deletes expired codes and tokens, once an hour at most; a failure waits for the next time. */
export async function pruneNowAndThen({
  database,
  clock,
  logger,
}: Pick<OauthDeps, 'database' | 'clock' | 'logger'>): Promise<void> {
  const nowMs = clock.nowMs()
  if (nowMs - (prunedAtMs.get(database) ?? 0) < HOUR_MS) return
  prunedAtMs.set(database, nowMs)
  try {
    await database.write(() => deleteExpiredTokens(nowMs), 'written')
  } catch (cause) {
    logger.warn('oauth_prune_failed', { cause })
  }
}
