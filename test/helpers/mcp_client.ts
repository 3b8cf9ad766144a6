/** Headers every MCP request carries. */
export const mcpHeaders = (apiKey: string): Record<string, string> => ({
  authorization: `Bearer ${apiKey}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
})

/** What a raw MCP exchange gave. */
export interface RpcAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into results of every shape
  readonly body: any
}

/** Posts a body as it stands to an MCP URL. */
export async function postMcp(
  url: string,
  apiKey: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<RpcAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...mcpHeaders(apiKey), ...headers },
    body,
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : null,
  }
}

let nextId = 1

/** Calls a method as a client of the `initialize` era does. */
export function callLegacy(
  url: string,
  apiKey: string,
  method: string,
  params: unknown = {},
): Promise<RpcAnswer> {
  return postMcp(url, apiKey, JSON.stringify({ jsonrpc: '2.0', id: nextId++, method, params }))
}

/** Calls a method as a client of revision 2026-07-28 does. */
export function callModern(
  url: string,
  apiKey: string,
  method: string,
  params: Record<string, unknown> = {},
): Promise<RpcAnswer> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
    ...(params._meta as object | undefined),
  }
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: nextId++,
    method,
    params: { ...params, _meta },
  })
  return postMcp(url, apiKey, body, {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof params.name === 'string' ? { 'mcp-name': params.name } : {}),
  })
}
