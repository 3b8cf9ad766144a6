import type { MasterKey } from '../crypto/master_key.ts'
import { unseal } from '../crypto/seal.ts'
import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { type CompiledSchema, compileSchema } from '../lib/json_schema/compile_schema.ts'
import { type BaseUrl, parseBaseUrl } from '../model/base_url.ts'
import type { EgressEntry } from '../model/egress_entry.ts'
import type { Tool, ToolDefinition } from '../model/tool.ts'
import type { SealedSecret } from '../store/tool_store.ts'
import { compileRequestTemplate, type RequestTemplate } from './request_template.ts'
import { type PreparedAuth, prepareAuth } from './sign_request.ts'

/** A tool made ready: nothing on the path of a call parses, opens or compiles anything again. */
export interface CompiledTool {
  readonly tool: Tool
  readonly schema: CompiledSchema
  readonly outputSchema: CompiledSchema | null
  /** Names the arguments may have; null where the schema itself rules on unknown ones. */
  readonly knownArguments: ReadonlySet<string> | null
  readonly baseUrl: BaseUrl
  readonly template: RequestTemplate
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

/** Compiles a tool for calling. @throws AppError - its definition no longer holds */
export function compileTool(
  tool: Tool,
  sealed: readonly SealedSecret[],
  inputs: CompileInputs,
): CompiledTool {
  const { definition } = tool
  const live = sealed.filter((s) => s.expiresAtMs === null || s.expiresAtMs > inputs.nowMs)
  return {
    tool,
    schema: compileSchema(definition.inputSchema),
    outputSchema: definition.outputSchema === null ? null : compileSchema(definition.outputSchema),
    knownArguments: knownArguments(definition.inputSchema),
    baseUrl: parseBaseUrl(definition.baseUrl, inputs.egressEntries),
    template: compileRequestTemplate(definition),
    ...openAuth(tool, live, inputs.masterKey),
    staleAtMs: Math.min(...live.map((s) => s.expiresAtMs ?? Number.POSITIVE_INFINITY)),
  }
}

type OpenedAuth = Pick<CompiledTool, 'secrets' | 'auth' | 'authFailure'>

function openAuth(tool: Tool, sealed: readonly SealedSecret[], key: MasterKey): OpenedAuth {
  try {
    const secrets = tool.definition.authStrategy === 'none' ? [] : openSecrets(tool, sealed, key)
    return { secrets, auth: prepareToolAuth(tool.definition, secrets), authFailure: null }
  } catch (error) {
    const authFailure =
      error instanceof AppError ? error : new AppError('secret_undecryptable', { cause: error })
    return { secrets: [], auth: null, authFailure }
  }
}

const prepareToolAuth = (definition: ToolDefinition, secrets: readonly string[]) =>
  prepareAuth({
    strategy: definition.authStrategy,
    headerName: definition.authHeaderName,
    secrets,
  })

function openSecrets(tool: Tool, sealed: readonly SealedSecret[], key: MasterKey): string[] {
  const newestFirst = [...sealed].sort((a, b) => a.field.length - b.field.length)
  if (newestFirst[0]?.field !== 'auth_secret') {
    throw new AppError('secret_undecryptable', { reason: 'The tool has no secret.' })
  }
  return newestFirst.map((secret) =>
    unseal(key, { projectId: tool.projectId, toolId: tool.id, field: secret.field }, secret.sealed),
  )
}

/**
 * The argument names a schema declares at its top level, looking through its combinators; null where
 * it says itself what becomes of others (case 151).
 */
function knownArguments(schema: JsonObject): ReadonlySet<string> | null {
  const names = new Set<string>()
  return collect(schema, schema, { names, depth: 0 }) ? names : null
}

interface Collected {
  readonly names: Set<string>
  readonly depth: number
}

function collect(root: JsonObject, schema: JsonObject, into: Collected): boolean {
  const rulesItself = ['additionalProperties', 'unevaluatedProperties', 'patternProperties']
  if (rulesItself.some((keyword) => schema[keyword] !== undefined) || into.depth > 16) return false
  if (isJsonObject(schema.properties)) {
    for (const name of Object.keys(schema.properties)) into.names.add(name)
  }
  const deeper = { names: into.names, depth: into.depth + 1 }
  return applicators(root, schema).every((part) => collect(root, part, deeper))
}

function applicators(root: JsonObject, schema: JsonObject): JsonObject[] {
  const lists = [schema.allOf, schema.anyOf, schema.oneOf].filter(Array.isArray).flat()
  const single = [schema.if, schema.then, schema.else, localRef(root, schema.$ref)]
  const dependent = isJsonObject(schema.dependentSchemas)
    ? Object.values(schema.dependentSchemas)
    : []
  return [...lists, ...single, ...dependent].filter(
    (part): part is JsonObject => part !== undefined && isJsonObject(part),
  )
}

function localRef(root: JsonObject, ref: JsonValue | undefined): JsonValue | undefined {
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return undefined
  let at: JsonValue | undefined = root
  for (const part of ref.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    at = at !== undefined && isJsonObject(at) ? at[key] : undefined
  }
  return at
}
