/** Whether the server can do its work, and if not why, in one word. */
export type Readiness = () => Promise<'ready' | 'store_unavailable' | 'shutting_down'>

const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }

/** The process is alive and its event loop turns; tells nothing else (case 269). */
export function healthResponse(): Response {
  return new Response('{"status":"ok"}', { headers })
}

/** 200 when ready for traffic, 503 with the reason when not. */
export function readinessResponse(state: Awaited<ReturnType<Readiness>>): Response {
  const status = state === 'ready' ? 200 : 503
  return new Response(JSON.stringify({ status: state }), { status, headers })
}
