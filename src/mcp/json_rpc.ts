import type { JsonValue } from '../lib/json.ts'

/** Error codes of JSON-RPC 2.0 §5.1 and MCP 2026-07-28 that this door answers with itself. */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  invalidParams: -32602,
  internalError: -32603,
  headerMismatch: -32020,
} as const

/** Headers of every answer: one caller's data, never kept by anything in between (case 294). */
export const answerHeaders = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
} as const

/** A JSON-RPC request id; null where the request's own could not be read. */
export type RpcId = string | number | null

/** The id of a parsed body, as far as it has one. */
export function idOf(body: JsonValue): RpcId {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : null
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

/** An error of JSON-RPC over HTTP. */
export interface RpcError {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly reason?: string
}

/** Answers with a JSON-RPC error. */
export function rpcErrorResponse(id: RpcId, error: RpcError): Response {
  return new Response(rpcErrorJson(id, error), { status: error.status, headers: answerHeaders })
}

/** A JSON-RPC error response as text. */
export function rpcErrorJson(id: RpcId, error: RpcError): string {
  const { code, message, reason } = error
  const detail = { code, message, ...(reason === undefined ? {} : { data: { reason } }) }
  return JSON.stringify({ jsonrpc: '2.0', id, error: detail })
}

/** Answers with a result that is JSON text already. */
export function rpcResultResponse(id: RpcId, resultJson: string): Response {
  return new Response(rpcResultJson(id, resultJson), { headers: answerHeaders })
}

/** A JSON-RPC response as text. */
export function rpcResultJson(id: RpcId, resultJson: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${resultJson}}`
}
