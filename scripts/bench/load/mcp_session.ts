/** Stands in a request for the id of the caller's MCP session. */
export const SESSION = '##SESSION##'

/** A session of the `initialize` era whose answers come on its event stream. */
export interface McpSession {
  readonly id: string
  /** Told of each message, as the bytes that brought it. */
  onMessage: (bytes: Buffer) => void
  close(): void
}

const headers = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  },
})

/** Opens a session with its stream (MCP 2025-06-18, transports, listening for messages). */
export async function openMcpSession(
  port: number,
  onBroken: (problem: string) => void,
): Promise<McpSession> {
  const url = `http://127.0.0.1:${port}/mcp`
  const opened = await fetch(url, { method: 'POST', headers, body: initialize })
  await opened.text()
  const id = opened.headers.get('mcp-session-id')
  if (id === null) throw new Error(`initialize was answered ${opened.status} without a session`)
  const body = '{"jsonrpc":"2.0","method":"notifications/initialized"}'
  await (
    await fetch(url, { method: 'POST', headers: { ...headers, 'mcp-session-id': id }, body })
  ).text()
  return openStream(port, id, onBroken)
}

async function openStream(
  port: number,
  id: string,
  onBroken: (problem: string) => void,
): Promise<McpSession> {
  let parts: Buffer[] = []
  let isClosed = false
  const broken = (problem: string) => {
    if (!isClosed) onBroken(problem)
  }
  const session: McpSession = { id, onMessage: () => {}, close: () => {} }
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      data: (_socket, chunk) => {
        parts.push(chunk)
        const bytes = parts.length === 1 ? chunk : Buffer.concat(parts)
        const start = bytes.indexOf('data: ')
        if (start < 0 || bytes.indexOf('\n\n', start) < 0) return
        parts = []
        session.onMessage(bytes)
      },
      close: () => broken('the server closed the event stream'),
      error: (_socket, error) => broken(error.message),
    },
  })
  socket.write(
    `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n` +
      `Mcp-Session-Id: ${id}\r\n\r\n`,
  )
  session.close = () => {
    isClosed = true
    socket.terminate()
  }
  return session
}
