import type { Socket } from 'bun'
import type { TestCertificate } from './test_certificates.ts'

/** A request as it came over the wire. */
export interface RawRequest {
  /** Request line and headers, up to and including the blank line. */
  readonly head: string
  readonly body: Buffer
  /** Which connection it came on, from 1. */
  readonly connection: number
  /** Which request on that connection, from 1. */
  readonly index: number
}

/** What a behaviour may do with the connection. */
export interface RawConnection {
  write(bytes: string | Uint8Array): void
  /** Closes in good order. */
  end(bytes?: string | Uint8Array): void
  /** Closes with a reset. */
  reset(): void
}

/** What the upstream does with a request, once it is complete. */
export type Behaviour = (connection: RawConnection, request: RawRequest) => void

/** An upstream under full control, byte for byte. */
export interface RawUpstream {
  readonly port: number
  /** Connections accepted so far. */
  readonly connections: number
  /** Connections that are open now. */
  readonly open: number
  /** Every byte received, handshakes left out. */
  readonly bytesReceived: number
  readonly requests: readonly RawRequest[]
  stop(): void
}

/** How the upstream is set up. */
export interface RawUpstreamOptions {
  readonly tls?: TestCertificate
  readonly hostname?: string
  readonly port?: number
  /** Called for each new connection. */
  readonly onOpen?: (connection: RawConnection) => void
  /** Where set, requests are not read at all. */
  readonly isDeaf?: boolean
}

interface Inbox {
  pending: Buffer
  outgoing: Buffer
  isEnding: boolean
  readonly connection: number
  index: number
}

/** Starts an upstream whose every answer is written by the test. */
export function startRawUpstream(
  behaviour: Behaviour,
  options: RawUpstreamOptions = {},
): RawUpstream {
  const state = { connections: 0, open: 0, bytesReceived: 0, requests: [] as RawRequest[] }
  const listener = Bun.listen<Inbox>({
    hostname: options.hostname ?? '127.0.0.1',
    port: options.port ?? 0,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    socket: {
      open(socket) {
        state.open++
        socket.data = inbox(++state.connections)
        if (options.isDeaf) socket.pause()
        options.onOpen?.(connectionOf(socket))
      },
      data(socket, bytes) {
        state.bytesReceived += bytes.length
        socket.data.pending = Buffer.concat([socket.data.pending, bytes])
        for (;;) {
          const request = takeRequest(socket.data)
          if (request === null) return
          state.requests.push(request)
          behaviour(connectionOf(socket), request)
        }
      },
      drain: flush,
      close() {
        state.open--
      },
      error() {},
    },
  })
  return {
    port: listener.port,
    get connections() {
      return state.connections
    },
    get open() {
      return state.open
    },
    get bytesReceived() {
      return state.bytesReceived
    },
    requests: state.requests,
    stop: () => listener.stop(true),
  }
}

const inbox = (connection: number): Inbox => ({
  pending: Buffer.alloc(0),
  outgoing: Buffer.alloc(0),
  isEnding: false,
  connection,
  index: 0,
})

function takeRequest(box: Inbox): RawRequest | null {
  const end = box.pending.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = box.pending.toString('latin1', 0, end + 4)
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  if (box.pending.length < end + 4 + length) return null
  const body = Buffer.from(box.pending.subarray(end + 4, end + 4 + length))
  box.pending = box.pending.subarray(end + 4 + length)
  return { head, body, connection: box.connection, index: ++box.index }
}

function connectionOf(socket: Socket<Inbox>): RawConnection {
  return {
    write: (bytes) => send(socket, bytes, false),
    end: (bytes = '') => send(socket, bytes, true),
    reset: () => socket.terminate(),
  }
}

function send(socket: Socket<Inbox>, bytes: string | Uint8Array, isEnding: boolean): void {
  const box = socket.data
  box.outgoing = Buffer.concat([box.outgoing, Buffer.from(bytes as string, 'latin1')])
  box.isEnding ||= isEnding
  flush(socket)
}

function flush(socket: Socket<Inbox>): void {
  const box = socket.data
  if (box.outgoing.length > 0) {
    const taken = socket.write(box.outgoing)
    if (taken < 0) return
    box.outgoing = box.outgoing.subarray(taken)
  }
  if (box.isEnding && box.outgoing.length === 0) socket.end()
}

/** A complete answer with a length. */
export function answer(body: string | Uint8Array, headers: readonly string[] = []): Buffer {
  const bytes = Buffer.from(body as string)
  const lines = ['HTTP/1.1 200 OK', `content-length: ${bytes.length}`, ...headers]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])
}
