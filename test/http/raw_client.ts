import type { Socket } from 'bun'

/** One HTTP/1.1 response as it came over the wire. */
export interface RawResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** A plain TCP connection: nothing is added to, mended in or hidden from what goes over it. */
export class RawClient {
  private received = Buffer.alloc(0)
  private hasEnded = false
  private wake = Promise.withResolvers<void>()
  private drained = Promise.withResolvers<void>()
  private socket: Socket | null = null

  /** Connects to the host and port of a URL. */
  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url)
    const client = new RawClient()
    client.socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (_socket, bytes) => client.take(bytes),
        drain: () => client.drained.resolve(),
        close: () => client.finish(),
        error: () => client.finish(),
      },
    })
    return client
  }

  get isOpen(): boolean {
    return !this.hasEnded
  }

  /** Everything received and not yet read as a response, as Latin-1. */
  get text(): string {
    return this.received.toString('latin1')
  }

  /** Sends bytes, waiting where the socket is full; resolves with how many went out. */
  async send(data: string | Uint8Array): Promise<number> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    let at = 0
    while (at < bytes.byteLength && this.isOpen) {
      this.drained = Promise.withResolvers()
      const written = this.socket?.write(bytes.subarray(at)) ?? -1
      // Nothing more goes out, though what came in may still be unread.
      if (written < 0) {
        await Bun.sleep(1)
        break
      }
      at += written
      if (at < bytes.byteLength) await Promise.race([this.drained.promise, this.wake.promise])
    }
    return at
  }

  /**
   * The next complete response; null where the connection ended, or `timeoutMs` passed, before it.
   * `hasBody` false is for the answer to HEAD.
   */
  async response(timeoutMs = 5_000, hasBody = true): Promise<RawResponse | null> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const parsed = parse(this.received, this.hasEnded, hasBody)
      if (parsed !== null) {
        this.received = this.received.subarray(parsed.bytes)
        if (parsed.response.status >= 200) return parsed.response
        continue
      }
      if (this.hasEnded || !(await this.moved(deadline))) return null
    }
  }

  /** Whether `text` has come within the time; what came stays unread. */
  async hasReceived(text: string, timeoutMs = 5_000): Promise<boolean> {
    const deadline = Date.now() + timeoutMs
    while (!this.text.includes(text)) {
      if (this.hasEnded || !(await this.moved(deadline))) return false
    }
    return true
  }

  /** Whether the other side ends the connection within the time. */
  async isClosedWithin(timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs
    while (this.isOpen) if (!(await this.moved(deadline))) return false
    return true
  }

  /** Stops reading: the other side sees a client that takes nothing. */
  pause(): void {
    this.socket?.pause()
  }

  /** Reads again. */
  resume(): void {
    this.socket?.resume()
  }

  close(): void {
    this.socket?.terminate()
  }

  private async moved(deadline: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<false>()
    const timer = setTimeout(resolve, Math.max(0, deadline - Date.now()), false)
    const moved = await Promise.race([this.wake.promise.then(() => true), late])
    clearTimeout(timer)
    return moved
  }

  private take(bytes: Uint8Array): void {
    this.received = Buffer.concat([this.received, bytes])
    this.signal()
  }

  private finish(): void {
    this.hasEnded = true
    this.signal()
  }

  private signal(): void {
    const { resolve } = this.wake
    if (!this.hasEnded) this.wake = Promise.withResolvers()
    resolve()
  }
}

interface Parsed {
  readonly response: RawResponse
  readonly bytes: number
}

function parse(received: Buffer, hasEnded: boolean, hasBody: boolean): Parsed | null {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [statusLine = '', ...lines] = received.toString('latin1', 0, end).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const headers = new Headers()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const start = end + 4
  const declared = headers.get('content-length')
  if (!hasBody || status < 200 || status === 204) {
    return { response: { status, headers, body: '' }, bytes: start }
  }
  if (declared === null && !hasEnded) return null
  const length = declared === null ? received.length - start : Number(declared)
  if (received.length < start + length) return null
  const body = received.toString('utf8', start, start + length)
  return { response: { status, headers, body }, bytes: start + length }
}

/** What one exchange over a connection of its own gave. */
export interface RawAnswer {
  /** 0 where the connection ended without a response. */
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body where it is JSON, else null. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any
  /** Whether the server ended the connection, right after the response or instead of it. */
  readonly isClosed: boolean
}

/** Sends bytes over a connection of their own and reads one response. */
export async function exchange(url: string, data: string | Uint8Array): Promise<RawAnswer> {
  const client = await RawClient.connect(url)
  try {
    await client.send(data)
    const hasBody = !(typeof data === 'string' && data.startsWith('HEAD '))
    const response = await client.response(5_000, hasBody)
    const headers = response?.headers ?? new Headers()
    const says = response === null || headers.get('connection') === 'close'
    const isClosed = await client.isClosedWithin(says ? 1_000 : 0)
    const text = response?.body ?? ''
    const isJson = headers.get('content-type')?.includes('json') && text !== ''
    return {
      status: response?.status ?? 0,
      headers,
      text,
      body: isJson ? JSON.parse(text) : null,
      isClosed,
    }
  } finally {
    client.close()
  }
}

/** A request's bytes: line, headers, and a body whose length is declared unless `lines` say it. */
export function requestText(line: string, lines: readonly string[], body = ''): string {
  const framed = lines.some((header) => /^(content-length|transfer-encoding)\s*:/i.test(header))
  const length = body === '' || framed ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return [`${line} HTTP/1.1`, ...lines, ...length, '', body].join('\r\n')
}
