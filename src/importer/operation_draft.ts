import type { JsonObject } from '../lib/json.ts'
import type { RequestMap } from '../model/request_map.ts'
import type { AuthStrategy, HttpMethod, ToolAnnotations, UpstreamOAuth } from '../model/tool.ts'
import type { ImportFinding } from './import_finding.ts'

/** What an operation becomes: everything a tool's definition needs but secret and limits. */
export interface OperationDraft {
  /** `ApiOperation.key`. */
  readonly key: string
  readonly method: HttpMethod
  /** `RequestMap.path`. */
  readonly path: string
  readonly operationId: string | null
  readonly tags: readonly string[]
  readonly isDeprecated: boolean
  /** Unique among the drafts; `^[a-z0-9_]{1,64}$`. */
  readonly name: string
  readonly description: string
  readonly annotations: ToolAnnotations
  /** Portable: what every model API takes. */
  readonly inputSchema: JsonObject
  /** Null where the answers' schema is none of an object, or not portable. */
  readonly outputSchema: JsonObject | null
  /** Origin; null where the document has no absolute server for it. */
  readonly baseUrl: string | null
  readonly map: RequestMap
  readonly requiredScopes: readonly string[]
  /** The ways the document lets a caller prove itself, best first; empty for an open operation. */
  readonly auth: readonly DraftAuth[]
  /** Estimated tokens the tool costs a model that lists it. */
  readonly tokens: number
  /** Why it must not become a tool; null where it may. */
  readonly quarantine: string | null
  readonly findings: readonly ImportFinding[]
}

/** An auth strategy of ours that satisfies the document. */
export interface DraftAuth {
  /** Name of the security scheme. */
  readonly scheme: string
  readonly strategy: AuthStrategy
  readonly headerName: string | null
  readonly oauth: UpstreamOAuth | null
}
