import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** Connects the SDK's client with an access token. @throws Error where the server refuses it */
export async function connectWith(mcpUrl: string, token: string): Promise<Client> {
  const client = new Client({ name: 'flow', version: '1' })
  const authProvider = { token: async () => token }
  await client.connect(new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider }))
  return client
}

/** The names of the tools a token shows, in order. @throws Error where the server refuses it */
export async function toolsWith(mcpUrl: string, token: string): Promise<readonly string[]> {
  const client = await connectWith(mcpUrl, token)
  const { tools } = await client.listTools()
  await client.close()
  return tools.map(({ name }) => name).sort()
}

/** The status and the challenge with which an MCP URL answers a token, or none. */
export async function knock(mcpUrl: string, token: string | null) {
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  await response.body?.cancel()
  return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '' }
}
