/**
 * Verifies requests signed by Gatehouse (see docs/signing.md).
 *
 * Node 24.2 or later, Bun or Deno; no packages. Copy `verify` into your service.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

const toleranceSeconds = 300

/** A request as it came in. */
export interface ReceivedRequest {
  /** Upper case. */
  readonly method: string
  /** The raw path and query, never decoded or rebuilt: `request.url` of node:http. */
  readonly target: string
  readonly headers: Headers
  /** The raw bytes, before any parsing; empty when there are none. */
  readonly body: Uint8Array
}

/**
 * Returns null for a genuine, fresh request, else why it must be refused (answer 401).
 *
 * `secrets` are all that are valid now; two during a rotation. A retry of the same run has the same
 * X-Tengine-Request-Id with a new timestamp: remember the ids that you carried out for at least ten
 * minutes, and answer a known one with its first result.
 */
export function verify(
  secrets: readonly string[],
  request: ReceivedRequest,
  nowSeconds: number = Date.now() / 1000,
): string | null {
  const timestamp = request.headers.get('x-tengine-timestamp') ?? ''
  const requestId = request.headers.get('x-tengine-request-id') ?? ''
  const signatures = request.headers.get('x-tengine-signature') ?? ''
  if (timestamp === '' || requestId === '' || signatures === '') return 'missing header'
  const isWellFormed =
    /^[0-9]{1,12}$/.test(timestamp) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(requestId)
  if (!isWellFormed) return 'malformed header'
  if (Math.abs(nowSeconds - Number(timestamp)) > toleranceSeconds) {
    return 'timestamp outside tolerance'
  }
  const digest = createHash('sha256').update(request.body).digest('hex')
  const line = `tng2 ${timestamp} ${requestId} ${request.method} ${request.target} ${digest}`
  let isGenuine = false
  for (const secret of secrets) {
    const expected = `tng2=${createHmac('sha256', secret).update(line).digest('hex')}`
    for (const signature of signatures.split(',')) {
      isGenuine = isEqual(expected, signature.trim()) || isGenuine
    }
  }
  return isGenuine ? null : 'signature mismatch'
}

/** Compares in a time that tells nothing about where two texts differ. */
function isEqual(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Reads one case as JSON from standard input and prints `ok` or `bad: <reason>`. */
async function main(): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  const received = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  const { secrets, method, target, now } = received
  const headers = new Headers(received.headers)
  const body = Buffer.from(received.body_base64, 'base64')
  const reason = verify(secrets, { method, target, headers, body }, now)
  console.log(reason === null ? 'ok' : `bad: ${reason}`)
}

if (import.meta.main) await main()
