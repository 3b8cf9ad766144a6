/** A listener nobody may reach: it counts who does. */
export interface DecoyListener {
  readonly port: number
  /** Connections accepted so far. */
  readonly accepts: number
  stop(): void
}

/** Listens on an address and only counts. */
export function startDecoy(hostname = '127.0.0.1', port = 0): DecoyListener {
  const counter = { accepts: 0 }
  const listener = Bun.listen({
    hostname,
    port,
    socket: {
      open(socket) {
        counter.accepts++
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ndecoy')
      },
      data() {},
    },
  })
  return {
    port: listener.port,
    get accepts() {
      return counter.accepts
    },
    stop: () => listener.stop(true),
  }
}
