import type { AbortNotice } from '../lib/abort_notice.ts'
import type { HttpMethod } from '../model/tool.ts'
import type { Connector } from './connector/connector.ts'
import type { LateAnswer, UpstreamResponse } from './connector/exchange.ts'
import type { GuardedTarget } from './guard_target.ts'

// biome-ignore lint/performance/noBarrelFile: callers know this room, not the connector behind it
export { ExchangeError, type UpstreamResponse } from './connector/exchange.ts'

/** What of a signed request goes over the wire. */
export interface SendableRequest {
  readonly method: HttpMethod
  /** Raw path and query. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | null
}

/** What bounds one attempt. */
export interface SendOptions {
  /** On the clock of `performance.now()`. */
  readonly deadlineAtMs: number
  /** Cap on the decompressed body. */
  readonly maxResponseBytes: number
  readonly signal: AbortNotice | null
  /** Told of an answer that begins after the deadline (case 200); null where nobody asks. */
  readonly onLate?: ((answer: LateAnswer) => void) | null
}

/**
 * Sends one signed request to one guarded target and reads the whole answer, whatever its status.
 * @throws ExchangeError - with `sent: 'no'` where nothing can have happened upstream
 */
// biome-ignore lint/complexity/useMaxParams: by whom, where to, what and within which bounds
export function sendRequest(
  connector: Connector,
  target: GuardedTarget,
  request: SendableRequest,
  options: SendOptions,
): Promise<UpstreamResponse> {
  const { method, target: path, headers, body } = request
  const { deadlineAtMs, maxResponseBytes, signal, onLate } = options
  return connector.exchange({
    target,
    method,
    path,
    headers,
    body,
    maxResponseBytes,
    deadlineAtMs,
    signal,
    reuse: true,
    ...(onLate == null ? {} : { onLate }),
  })
}
