import { sha256Hex } from '../../crypto/digest.ts'
import { AppError } from '../../errors.ts'
import type { OperationDraft } from '../../importer/operation_draft.ts'
import { canonicalJson } from '../../lib/canonical_json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { SourceAuth } from '../../model/openapi_import.ts'
import type { OperationOverride } from '../../model/openapi_source.ts'
import type { RequestMap } from '../../model/request_map.ts'
import { defaultDeduplication, defaultRetry, type ToolDefinition } from '../../model/tool.ts'
import { invisibleFault, isVisibleText } from '../../model/visible_text.ts'
import type { ManageDeps } from '../manage_deps.ts'

/** What a tool is made of. */
export interface ToolParts {
  readonly draft: OperationDraft
  readonly override: OperationOverride | null
  /** How the source's tools prove themselves; null for not at all. */
  readonly auth: SourceAuth | null
  /** The tool as it is; null for a new one. Keeps what no document says: auth, limits, members. */
  readonly current: ToolDefinition | null
}

/** SHA-256 (hex) under which a request map is kept. */
const requestMapHash = (map: RequestMap): string =>
  sha256Hex(canonicalJson(map as unknown as JsonValue))

/** SHA-256 (hex) of a definition. */
export const contentHashOf = (definition: ToolDefinition): string =>
  sha256Hex(canonicalJson(definition as unknown as JsonObject))

/**
 * The definition that a draft becomes with what the operator says.
 * @param mapHash the hash of the draft's request map, where it need not be worked out
 */
export function composeTool(
  parts: ToolParts,
  mapHash = requestMapHash(parts.draft.map),
): ToolDefinition {
  const { draft, override, current } = parts
  return {
    name: draft.name,
    description: draft.description,
    inputSchema: draft.inputSchema,
    outputSchema: draft.outputSchema,
    baseUrl: draft.baseUrl ?? '',
    httpMethod: draft.method,
    endpointPath: draft.map.path,
    headersTemplate: null,
    queryTemplate: null,
    bodyTemplate: null,
    requireMember: (current?.requireMember ?? false) || needsMember(draft.map),
    injectMemberIdentity: current?.injectMemberIdentity ?? { id: true, email: false, roles: false },
    ...authOf(parts),
    requestMap: mapHash,
    response: override?.response ?? null,
    sendIdempotencyKey: current?.sendIdempotencyKey ?? true,
    requiredScopes: draft.requiredScopes,
    timeoutMs: current?.timeoutMs ?? 30_000,
    deduplication: current?.deduplication ?? defaultDeduplication,
    retry: current?.retry ?? defaultRetry,
    verify: current?.verify ?? null,
    maxResponseBytes: current?.maxResponseBytes ?? 1024 * 1024,
    annotations: Object.keys(draft.annotations).length === 0 ? null : draft.annotations,
  }
}

const needsMember = ({ parameters }: RequestMap) =>
  parameters.some(({ source }) => 'caller' in source && source.caller === 'member_id')

/** How a tool proves itself, which is its own and no document's. */
export const ownAuth = ({ authStrategy, authHeaderName, authOAuth }: ToolDefinition) => ({
  authStrategy,
  authHeaderName,
  authOAuth,
})

/** A tool that is there keeps its own; a new one has its source's. */
function authOf({ current, auth }: ToolParts): ReturnType<typeof ownAuth> {
  if (current !== null) return ownAuth(current)
  return {
    authStrategy: auth?.strategy ?? 'none',
    authHeaderName: auth?.headerName ?? null,
    authOAuth: auth?.oauth ?? null,
  }
}

/** An operation like any other, for what is said of a source before it has tools. */
const anyDraft: OperationDraft = {
  key: 'GET /',
  method: 'GET',
  path: '/',
  operationId: null,
  tags: [],
  isDeprecated: false,
  name: 'any',
  description: '',
  annotations: {},
  inputSchema: { type: 'object' },
  outputSchema: null,
  baseUrl: 'https://api.example.com',
  map: {
    path: '/',
    fixedQuery: '',
    parameters: [],
    body: null,
    accept: null,
    schema: { type: 'object' },
    aliases: {},
  },
  requiredScopes: [],
  auth: [],
  tokens: 0,
  quarantine: null,
  findings: [],
}

/** What of a tool is the operator's word alone. */
export interface OperatorParts extends Pick<ToolParts, 'override' | 'auth'> {
  /** Plain text; null for none. */
  readonly secret: string | null
}

/** Refuses what would keep every tool from being called. @throws AppError as registering a tool does */
export function checkOperatorParts(
  { checkDefinition }: ManageDeps,
  { secret, ...parts }: OperatorParts,
): void {
  const definition = composeTool({ draft: anyDraft, current: null, ...parts }, '')
  checkDefinition(definition, { secret, map: anyDraft.map })
}

/** Why an operation could not be called as a tool; null where it can. */
export function toolFault(deps: ManageDeps, draft: OperationDraft): string | null {
  // Nothing is kept of it, and the hash takes as long as the rest of the check.
  const definition = composeTool({ draft, override: null, auth: null, current: null }, '')
  if (!isVisibleText(draft.description)) return `Its description ${invisibleFault}.`
  try {
    deps.checkDefinition(definition, { secret: null, map: draft.map })
    return null
  } catch (error) {
    if (!(error instanceof AppError)) return `It cannot be called: ${String(error)}.`
    const [first] = error.errors
    const where = first === undefined ? '' : ` (${first.pointer} ${first.message})`
    return `${error.message}${where}${error.reason === undefined ? '' : `. ${error.reason}`}`
  }
}
