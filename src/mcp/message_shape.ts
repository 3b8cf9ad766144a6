import { isSpecType } from '@modelcontextprotocol/server'
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { answerHeaders, idOf, type RpcError, rpcCodes, rpcErrorResponse } from './json_rpc.ts'

/** A body that is one JSON-RPC request or notification. */
export interface RpcMessage extends JsonObject {
  readonly method: string
}

/** Whether a body is one request or notification (JSON-RPC 2.0 §4; cases 15 and 16). */
export function isMessage(body: JsonValue): body is RpcMessage {
  if (!isJsonObject(body) || body.jsonrpc !== '2.0' || typeof body.method !== 'string') return false
  const { id } = body
  return id === undefined || typeof id === 'string' || Number.isSafeInteger(id)
}

/** What is wrong with a body that is none. */
export const notAMessage: RpcError = {
  status: 400,
  code: rpcCodes.invalidRequest,
  message: 'Invalid Request: the body must be one JSON-RPC request or notification',
}

/** Whether a message's params and their `_meta`, where there are any, are the objects MCP asks for. */
export function hasNamedParams({ params = {} }: RpcMessage): boolean {
  return isJsonObject(params) && (params._meta === undefined || isJsonObject(params._meta))
}

/** What is wrong with a message where they are not. */
export const unnamedParams: RpcError = {
  status: 400,
  code: rpcCodes.invalidParams,
  message: 'Invalid params: params, and _meta in it, must be objects',
}

const requestTypes: Readonly<Record<string, (value: unknown) => boolean>> = {
  initialize: isSpecType.InitializeRequest,
  'logging/setLevel': isSpecType.SetLevelRequest,
  'prompts/get': isSpecType.GetPromptRequest,
  'prompts/list': isSpecType.ListPromptsRequest,
  'resources/list': isSpecType.ListResourcesRequest,
  'resources/read': isSpecType.ReadResourceRequest,
  'resources/templates/list': isSpecType.ListResourceTemplatesRequest,
  'tools/list': isSpecType.ListToolsRequest,
}

/** The SDK calls params of a wrong type an internal error; they are the caller's fault (case 19). */
export async function withParamsFault(response: Response, message: RpcMessage): Promise<Response> {
  const fits = requestTypes[message.method]
  if (fits === undefined || fits(message)) return response
  if (response.headers.get('content-type') !== answerHeaders['content-type']) return response
  const { error } = (await response.clone().json()) as { error?: { code: number; message: string } }
  if (error?.code !== rpcCodes.internalError) return response
  const fault = { status: 200, code: rpcCodes.invalidParams, message: 'Invalid params' }
  return rpcErrorResponse(idOf(message), { ...fault, reason: error.message })
}
