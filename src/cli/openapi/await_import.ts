import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { ApiClient } from '../api_client.ts'
import { ApiFailure, CliFailure, exitCodes } from '../failure.ts'
import type { ProgressLine } from './progress_line.ts'
import type { StopWatch } from './stop_watch.ts'

const firstPauseMs = 40
const longestPauseMs = 400

/** How an import that runs is waited for. */
export interface Awaited {
  readonly api: ApiClient
  readonly stop: StopWatch
  readonly line: ProgressLine
}

/**
 * The import at this path when it is no longer being read.
 * @throws ApiFailure - it failed; CliFailure - it was cancelled elsewhere, or by a stop signal
 */
export async function awaitImport({ api, stop, line }: Awaited, path: string): Promise<JsonObject> {
  try {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      const found = await stop.orStopped(api.get(path))
      if (found.state !== 'reading') return checked(found)
      line.show(found)
      await stop.orStopped(Bun.sleep(pauseMs))
    }
  } finally {
    line.end()
  }
}

function checked(found: JsonObject): JsonObject {
  const { state, error } = found
  if (state === 'failed' && isJsonObject(error)) {
    const text = (name: string) => (typeof error[name] === 'string' ? { [name]: error[name] } : {})
    throw new ApiFailure({
      detail: 'The import failed',
      ...text('code'),
      ...text('detail'),
      ...text('reason'),
    })
  }
  if (state === 'ready' || state === 'unchanged') return found
  throw new CliFailure(exitCodes.failed, `The import is ${String(state)}`, {
    reason: 'Someone else cancelled it, or imported anew meanwhile. Import again.',
  })
}
