import type { MasterKey } from '../crypto/master_key.ts'
import { unseal } from '../crypto/seal.ts'
import { AppError } from '../errors.ts'
import { type CompiledSchema, compileSchema } from '../lib/json_schema/compile_schema.ts'
import { type BaseUrl, parseBaseUrl } from '../model/base_url.ts'
import type { EgressEntry } from '../model/egress_entry.ts'
import type { RequestMap } from '../model/request_map.ts'
import type { Tool, ToolDefinition } from '../model/tool.ts'
import type { SealedSecret } from '../store/tool_store.ts'
import { MappedPlan } from './mapped/mapped_plan.ts'
import type { RequestPlan } from './request_plan.ts'
import { type PreparedAuth, prepareAuth } from './sign_request.ts'
import { TemplatePlan } from './template_plan.ts'
import { parseTokenEndpoint } from './token_endpoint.ts'

/** A tool made ready: nothing on the path of a call parses, opens or compiles anything again. */
export interface CompiledTool {
  readonly tool: Tool
  readonly outputSchema: CompiledSchema | null
  readonly baseUrl: BaseUrl
  readonly plan: RequestPlan
  /** Opened secrets, newest first, for signing and for redaction. */
  readonly secrets: readonly string[]
  /** Null where the secret would not open; every call then fails unsent with `authFailure`. */
  readonly auth: PreparedAuth | null
  readonly authFailure: AppError | null
  /** When a secret of a rotation stops being used and the tool must be compiled again. */
  readonly staleAtMs: number
}

/** What compiling a tool needs beside it. */
export interface CompileInputs {
  readonly masterKey: MasterKey
  readonly egressEntries: readonly EgressEntry[]
  readonly nowMs: number
}

/** A tool with what is kept beside it, of one moment. */
export interface StoredTool {
  readonly tool: Tool
  readonly secrets: readonly SealedSecret[]
  /** What `definition.requestMap` names; null where it names none, or where it is lost. */
  readonly map: RequestMap | null
}

/** Compiles a tool for calling. @throws AppError - its definition no longer holds */
export function compileTool(stored: StoredTool, inputs: CompileInputs): CompiledTool {
  const { tool, secrets: sealed } = stored
  const { definition } = tool
  const live = sealed.filter((s) => s.expiresAtMs === null || s.expiresAtMs > inputs.nowMs)
  return {
    tool,
    outputSchema: definition.outputSchema === null ? null : compileSchema(definition.outputSchema),
    baseUrl: parseBaseUrl(definition.baseUrl, inputs.egressEntries),
    plan: planOf(definition, stored.map),
    ...openAuth(tool, live, inputs),
    staleAtMs: Math.min(...live.map((s) => s.expiresAtMs ?? Number.POSITIVE_INFINITY)),
  }
}

/**
 * Compiles what a definition says of its request.
 * @throws AppError - it could never be sent; tool_execution_failed - its request map is lost
 */
export function planOf(definition: ToolDefinition, map: RequestMap | null): RequestPlan {
  if (definition.requestMap === null) return new TemplatePlan(definition)
  if (map === null) {
    const reason = 'The request map of the tool is missing; import its document again.'
    throw new AppError('tool_execution_failed', { reason })
  }
  return new MappedPlan(definition, map)
}

type OpenedAuth = Pick<CompiledTool, 'secrets' | 'auth' | 'authFailure'>

function openAuth(
  tool: Tool,
  sealed: readonly SealedSecret[],
  { masterKey: key, egressEntries }: CompileInputs,
): OpenedAuth {
  try {
    const secrets = tool.definition.authStrategy === 'none' ? [] : openSecrets(tool, sealed, key)
    return {
      secrets,
      auth: prepareToolAuth(tool.definition, secrets, egressEntries),
      authFailure: null,
    }
  } catch (error) {
    const authFailure =
      error instanceof AppError ? error : new AppError('secret_undecryptable', { cause: error })
    return { secrets: [], auth: null, authFailure }
  }
}

/**
 * Checks and makes ready how a tool proves itself.
 * @throws AppError auth_secret_required or validation_failed - as `prepareAuth`
 */
export function prepareToolAuth(
  definition: ToolDefinition,
  secrets: readonly string[],
  egressEntries: readonly EgressEntry[],
): PreparedAuth {
  const { authStrategy: strategy, authHeaderName: headerName, authOAuth } = definition
  const oauth = strategy === 'oauth_client_credentials' ? authOAuth : null
  const tokenEndpoint = oauth === null ? null : parseTokenEndpoint(oauth, egressEntries)
  return prepareAuth({ strategy, headerName, secrets, tokenEndpoint })
}

function openSecrets(tool: Tool, sealed: readonly SealedSecret[], key: MasterKey): string[] {
  const newestFirst = [...sealed].sort((a, b) => a.field.length - b.field.length)
  if (newestFirst[0]?.field !== 'auth_secret') {
    throw new AppError('secret_undecryptable', { reason: 'The tool has no secret.' })
  }
  return newestFirst.map((secret) =>
    unseal(key, { projectId: tool.projectId, toolId: tool.id, field: secret.field }, secret.sealed),
  )
}
