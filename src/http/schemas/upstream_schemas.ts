import { z } from '@hono/zod-openapi'
import type { UpstreamState } from '../../model/upstream_state.ts'
import { moment, momentOf, momentOrNull } from './common_schemas.ts'

/** An upstream in answers. */
export const upstreamSchema = z
  .object({
    origin: z.string(),
    state: z.enum(['closed', 'open', 'half_open']).meta({
      description:
        '`closed`: calls pass. `open`: it is down, calls fail at once. `half_open`: the next call tries whether it is back.',
    }),
    in_flight: z.int(),
    queued: z.int().meta({ description: 'Calls waiting for their turn.' }),
    failures_in_row: z.int(),
    recent_calls: z.int().meta({ description: 'Of the last ten seconds, about.' }),
    recent_retries: z.int(),
    down_since: moment.nullable(),
    next_try_at: moment.nullable(),
    last_failure: z
      .object({ at: moment, code: z.string(), reason: z.string().nullable() })
      .nullable(),
  })
  .openapi('Upstream')

/** Writes an upstream as the API shows it. */
export function upstreamJson(upstream: UpstreamState) {
  const { lastFailure } = upstream
  return {
    origin: upstream.origin,
    state: upstream.state,
    in_flight: upstream.inFlight,
    queued: upstream.queued,
    failures_in_row: upstream.failuresInRow,
    recent_calls: upstream.recentCalls,
    recent_retries: upstream.recentRetries,
    down_since: momentOrNull(upstream.downSinceMs),
    next_try_at: momentOrNull(upstream.nextTryAtMs),
    last_failure:
      lastFailure === null
        ? null
        : { at: momentOf(lastFailure.atMs), code: lastFailure.code, reason: lastFailure.reason },
  }
}
