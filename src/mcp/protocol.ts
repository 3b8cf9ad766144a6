import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server'
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { isLogLevel } from './log_level.ts'

/** The stateless revision and everything before it (MCP 2026-07-28, basic/versioning). */
export type Era = 'modern' | 'legacy'

const modernVersion = '2026-07-28'

const legacyVersions: ReadonlySet<string> = new Set(SUPPORTED_PROTOCOL_VERSIONS)

/** A JSON-RPC request that passed every rule of its era. */
export interface McpRequest {
  readonly era: Era
  readonly id: string | number
  readonly method: string
  readonly params: JsonObject
  readonly meta: JsonObject
}

/**
 * Reads a body and its headers as a well-formed request for a method we answer ourselves; null sends
 * everything else, every malformed request included, to the SDK, whose answers are the reference
 * (MCP 2026-07-28, basic/transports/streamable-http).
 */
export function readHotRequest(body: JsonValue, headers: Headers): McpRequest | null {
  if (!isJsonObject(body) || body.jsonrpc !== '2.0') return null
  const { id, method, params = {} } = body
  if (method !== 'tools/call' && method !== 'tools/list') return null
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) return null
  if (!isJsonObject(params) || !fitsMethod(method, params)) return null
  const { _meta: meta = {} } = params
  if (!isJsonObject(meta)) return null
  const era = eraOf(method, params, { meta, headers })
  return era === null ? null : { era, id: id as string | number, method, params, meta }
}

function fitsMethod(method: string, params: JsonObject): boolean {
  if (method === 'tools/list')
    return params.cursor === undefined || typeof params.cursor === 'string'
  const { name, arguments: args = {} } = params
  return typeof name === 'string' && isJsonObject(args)
}

interface Envelope {
  readonly meta: JsonObject
  readonly headers: Headers
}

function eraOf(method: string, params: JsonObject, envelope: Envelope): Era | null {
  const { meta, headers } = envelope
  const claimed = meta[PROTOCOL_VERSION_META_KEY]
  const version = headers.get('mcp-protocol-version')
  if (claimed === undefined)
    return version === null || legacyVersions.has(version) ? 'legacy' : null
  const isWellFormed =
    claimed === modernVersion &&
    version === modernVersion &&
    headers.get('mcp-method') === method &&
    (method !== 'tools/call' || decodeHeader(headers.get('mcp-name')) === params.name) &&
    describesClient(meta) &&
    (meta[LOG_LEVEL_META_KEY] === undefined || isLogLevel(meta[LOG_LEVEL_META_KEY]))
  return isWellFormed ? 'modern' : null
}

function describesClient(meta: JsonObject): boolean {
  const info = meta[CLIENT_INFO_META_KEY]
  const capabilities = meta[CLIENT_CAPABILITIES_META_KEY]
  if (capabilities === undefined || !isJsonObject(capabilities)) return false
  if (info === undefined) return true
  return isJsonObject(info) && typeof info.name === 'string' && typeof info.version === 'string'
}

const sentinel = /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/

/** A mirrored header's value, its Base64 form undone; null when absent or not decodable. */
export function decodeHeader(value: string | null): string | null {
  if (value === null || !value.startsWith('=?base64?') || !value.endsWith('?=')) return value
  const payload = sentinel.exec(value)?.[1]
  if (payload === undefined) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(payload, 'base64'))
  } catch {
    return null
  }
}
