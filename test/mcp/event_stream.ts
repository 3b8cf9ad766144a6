import { mcpHeaders } from '../helpers/mcp_client.ts'

/** A stream of server-sent events being read. */
export interface EventStream {
  readonly status: number
  readonly headers: Headers
  /** The next JSON-RPC message; null when the stream ended. Fails after `timeoutMs`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape
  next(timeoutMs?: number): Promise<any>
  /** Leaves, as a client that closes its connection. */
  leave(): void
}

/** Posts a body and reads the answer as it comes in. */
export async function openEventStream(
  url: string,
  apiKey: string,
  request: { readonly body: string; readonly headers?: Record<string, string> },
): Promise<EventStream> {
  const abort = new AbortController()
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...mcpHeaders(apiKey), ...request.headers },
    body: request.body,
    signal: abort.signal,
  })
  const messages = response.body === null ? null : readMessages(response.body)
  return {
    status: response.status,
    headers: response.headers,
    next: async (timeoutMs = 3_000) => {
      const late = Bun.sleep(timeoutMs).then(() => Promise.reject(new Error('No message came.')))
      const read = await Promise.race([messages?.next(), late])
      return read?.done === false ? read.value : null
    },
    leave: () => abort.abort(),
  }
}

async function* readMessages(body: ReadableStream<Uint8Array>) {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true })
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const data = event.split('\n').find((line) => line.startsWith('data: '))
        if (data !== undefined) yield JSON.parse(data.slice('data: '.length))
      }
    }
  } catch {
    // A cut connection is an end like any other.
  }
}

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A request of revision 2026-07-28 with the headers that go with it. */
export function modernRequest(method: string, params: { name?: string; _meta?: object } & object) {
  const whole = { ...params, _meta: { ...meta, ...params._meta } }
  return {
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: whole }),
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(params.name === undefined ? {} : { 'mcp-name': params.name }),
    },
  }
}
