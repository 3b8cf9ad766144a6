import type { Socket } from 'bun'

/** Takes the status and the whole response, head included; `bodyAt` is where its body begins. */
export type OnResponse = (status: number, response: Buffer, bodyAt: number) => void

/**
 * One keep-alive HTTP/1.1 connection that has one request under way at a time. It reads no more of
 * a response than where it ends, because what the generator burns the servers cannot have.
 */
export class HttpConnection {
  private readonly socket: Socket
  private onResponse: OnResponse = () => {}
  private readonly onBroken: (problem: string) => void
  private parts: Buffer[] = []
  /** Bytes still to come; -1 before the head, -2 where the end is a last chunk. */
  private missing = -1
  private isClosed = false

  private constructor(socket: Socket, onBroken: (problem: string) => void) {
    this.socket = socket
    this.onBroken = onBroken
  }

  /** Connects to a port of this machine. `onBroken` is told should the server hang up. */
  static async open(port: number, onBroken: (problem: string) => void): Promise<HttpConnection> {
    let connection: HttpConnection | null = null
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        data: (_socket, chunk) => connection?.take(chunk),
        close: () => connection?.broken('the server closed the connection'),
        error: (_socket, error) => connection?.broken(error.message),
      },
    })
    connection = new HttpConnection(socket, onBroken)
    return connection
  }

  /** Sends a request; `onResponse` is called once, with its answer. */
  send(request: Buffer, onResponse: OnResponse): void {
    this.onResponse = onResponse
    if (this.socket.write(request) !== request.length) this.broken('a request was not taken whole')
  }

  close(): void {
    this.isClosed = true
    this.socket.terminate()
  }

  private broken(problem: string): void {
    if (this.isClosed) return
    this.close()
    this.onBroken(problem)
  }

  private take(chunk: Buffer): void {
    if (this.missing === -1 && this.parts.length === 0) return this.begin(chunk)
    this.parts.push(chunk)
    if (this.missing > 0) {
      this.missing -= chunk.length
      if (this.missing <= 0) this.finish()
      return
    }
    // Rare: a head in two pieces, or chunked; a look at all of it again is cheap enough.
    const whole = Buffer.concat(this.parts)
    this.parts = []
    this.missing = -1
    this.begin(whole)
  }

  private begin(chunk: Buffer): void {
    this.parts.push(chunk)
    const headEnd = chunk.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    this.missing = missingBytes(chunk, headEnd)
    if (this.missing === 0) this.finish()
  }

  private finish(): void {
    const [first] = this.parts
    const response = this.parts.length === 1 && first ? first : Buffer.concat(this.parts)
    this.parts = []
    this.missing = -1
    const status = Number(response.toString('latin1', 9, 12))
    this.onResponse(status, response, response.indexOf('\r\n\r\n') + 4)
  }
}

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i

/** How much of a response is still to come; -2 where only its end will tell. */
function missingBytes(response: Buffer, headEnd: number): number {
  const length = CONTENT_LENGTH.exec(response.toString('latin1', 0, headEnd))?.[1]
  if (length !== undefined) return Math.max(0, headEnd + 4 + Number(length) - response.length)
  const isWhole = response.toString('latin1', response.length - 5) === '0\r\n\r\n'
  return isWhole ? 0 : -2
}
