/** Whether the server can do its work, and if not why. */
export interface ReadyState {
  readonly status:
    | 'ready'
    | 'shutting_down'
    | 'store_unavailable'
    | 'store_failed'
    | 'store_damaged'
    | 'storage_full'
  /** What a check of the tables found; null while it is under way (reliability.md case 228). */
  readonly quick_check?: readonly string[] | null
}

/** Asks the server for its state. */
export type Readiness = () => Promise<ReadyState>

const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }

/** The process is alive and its event loop turns; tells nothing else (case 269). */
export function healthResponse(): Response {
  return new Response('{"status":"ok"}', { headers })
}

/** 200 when ready for traffic, 503 with the reason when not. */
export function readinessResponse(state: ReadyState): Response {
  const status = state.status === 'ready' ? 200 : 503
  return new Response(JSON.stringify(state), { status, headers })
}
