import { createHash, createHmac } from 'node:crypto'

/** What the tools of this upstream prove themselves with. */
export interface UpstreamSecrets {
  readonly hmac: string
  readonly bearer: string
}

/** One request the upstream got. */
export interface CountedHit {
  readonly method: string
  readonly path: string
  /** `X-Tengine-Request-Id`. */
  readonly runId: string
  readonly idempotencyKey: string | null
  /** Which call it was for: each call has a number of its own. */
  readonly number: string
  /** What is wrong with its credential; null where nothing is. */
  readonly fault: string | null
}

/** An API that keeps what it got, answers after a delay and lets a test step in between. */
export interface CountingUpstream {
  readonly url: string
  readonly hits: CountedHit[]
  /** How long it thinks about each answer. */
  delayMs: () => number
  /** Called when a request is in and before anything is answered. */
  onReceived: (hit: CountedHit) => void
  /** Called once an answer has been handed to the socket. */
  onAnswered: (hit: CountedHit) => void
  /** Waits until no request is being answered. */
  idle(): Promise<void>
  stop(): Promise<void>
}

/** Starts it on loopback: `/signed` wants an HMAC, `/refused` answers 401 with what it was sent. */
export function startCountingUpstream(secrets: UpstreamSecrets): CountingUpstream {
  const upstream: CountingUpstream = {
    url: '',
    hits: [],
    delayMs: () => 0,
    onReceived: () => {},
    onAnswered: () => {},
    idle: async () => {
      while (server.pendingRequests > 0) await Bun.sleep(5)
    },
    stop: () => server.stop(true),
  }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    development: false,
    async fetch(request) {
      const { pathname, search, searchParams } = new URL(request.url)
      const body = await request.text()
      const { headers, method } = request
      const number = method === 'GET' ? searchParams.get('number') : JSON.parse(body).number
      const hit: CountedHit = {
        method,
        path: pathname,
        runId: headers.get('x-tengine-request-id') ?? '',
        idempotencyKey: headers.get('idempotency-key'),
        number: String(number),
        fault: faultOf({ method, headers, target: pathname + search, body }, secrets),
      }
      upstream.hits.push(hit)
      upstream.onReceived(hit)
      const delayMs = upstream.delayMs()
      if (delayMs > 0) await Bun.sleep(delayMs)
      setImmediate(() => upstream.onAnswered(hit))
      if (pathname !== '/refused') return Response.json({ number: hit.number })
      const echo = { you_sent: Object.fromEntries(headers), secret: secrets.bearer }
      return Response.json(echo, { status: 401 })
    },
  })
  return Object.assign(upstream, { url: `http://127.0.0.1:${server.port}` })
}

interface Received {
  readonly method: string
  readonly headers: Headers
  /** Path and query as received. */
  readonly target: string
  readonly body: string
}

function faultOf(request: Received, { hmac, bearer }: UpstreamSecrets): string | null {
  const { method, headers, target, body } = request
  if (!target.startsWith('/signed')) {
    return headers.get('authorization') === `Bearer ${bearer}` ? null : 'wrong bearer'
  }
  const digest = createHash('sha256').update(body).digest('hex')
  const stamp = `${headers.get('x-tengine-timestamp')} ${headers.get('x-tengine-request-id')}`
  const line = `tng2 ${stamp} ${method} ${target} ${digest}`
  const expected = `tng2=${createHmac('sha256', hmac).update(line).digest('hex')}`
  return headers.get('x-tengine-signature') === expected ? null : 'wrong signature'
}
