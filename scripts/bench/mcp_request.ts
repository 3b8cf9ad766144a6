import { requestText } from './http_text.ts'
import type { CallsTarget } from './load/job.ts'
import { CALL_NUMBER } from './load/request_bytes.ts'

/** Which revision of MCP the callers speak. */
export type Era = 'legacy' | 'modern'

/** A request to Gatehouse's MCP endpoint. */
export interface McpCall {
  readonly port: number
  readonly apiKey: string
  readonly era: Era
  readonly method: 'tools/call' | 'tools/list'
  readonly params: Readonly<Record<string, unknown>>
}

const clientMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** The request as a client of the era sends it. */
export function mcpRequestText({ port, apiKey, era, method, params }: McpCall): string {
  const isModern = era === 'modern'
  const { name } = params
  const headers = {
    Authorization: `Bearer ${apiKey}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': isModern ? '2026-07-28' : '2025-11-25',
    ...(isModern ? { 'Mcp-Method': method } : {}),
    ...(isModern && typeof name === 'string' ? { 'Mcp-Name': name } : {}),
  }
  const all = JSON.stringify(isModern ? { ...params, _meta: clientMeta } : params)
  const body = `{"jsonrpc":"2.0","id":${CALL_NUMBER},"method":"${method}","params":${all}}`
  return requestText({ method: 'POST', path: '/mcp', port, headers, body })
}

/** The job of making that call over and over. */
export function mcpJob(call: McpCall, serverPid: number, marks: readonly string[]): CallsTarget {
  return {
    kind: 'calls',
    port: call.port,
    request: mcpRequestText(call),
    picks: 1,
    expect: {
      status: 200,
      contains: [...marks, `"id":${CALL_NUMBER}`],
      lacks: ['"isError":true', '"error":{'],
    },
    serverPid,
    answersOnStream: false,
  }
}
