import { randomBytes } from 'node:crypto'

const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/
const zeroTrace = '0'.repeat(32)

let pool = Buffer.alloc(0)
let used = 0

/** Eight random bytes in hex, drawn from a pool: one system call serves five hundred spans. */
function newSpanId(): string {
  if (used >= pool.length) {
    pool = randomBytes(4096)
    used = 0
  }
  used += 8
  return pool.toString('hex', used - 8, used)
}

/**
 * The `traceparent` of an outgoing request (W3C Trace Context §3.2): a new span in the caller's
 * trace where the caller named one, else in a trace named after the run.
 */
export function nextTraceparent(incoming: string | null, runId: string): string {
  const match = incoming === null ? null : traceparent.exec(incoming)
  const trace = match?.[1]
  return trace !== undefined && trace !== zeroTrace
    ? `00-${trace}-${newSpanId()}-${match?.[2] ?? '00'}`
    : `00-${runId.replaceAll('-', '')}-${newSpanId()}-01`
}
