import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { ParameterPlace, ParameterStyle } from '../model/request_map.ts'
import type { HttpMethod } from '../model/tool.ts'
import type { ImportFinding } from './import_finding.ts'

/**
 * A JSON Schema of the 2020-12 dialect, whatever version the document had: `nullable` and boolean
 * `exclusive…` are rewritten, a Swagger `file` is a binary string. Every `$ref` has the form
 * `#/$defs/<name>` and names an entry of `ApiDocument.defs`. What 2020-12 does not know
 * (`discriminator`, `xml`, `example`, `x-…`) stands as the document has it.
 */
export type ApiSchema = JsonObject | boolean

/** An API description of any version, read into one form. */
export interface ApiDocument {
  readonly title: string
  readonly version: string
  readonly description: string | null
  readonly specVersion: '2.0' | '3.0' | '3.1' | '3.2'
  readonly servers: readonly ApiServer[]
  readonly tags: readonly ApiTag[]
  readonly securitySchemes: Readonly<Record<string, SecurityScheme>>
  /** In the document's order. Operations that cannot be read are in `findings` instead. */
  readonly operations: readonly ApiOperation[]
  /** What a `$ref` anywhere in the operations' schemas may name. */
  readonly defs: Readonly<Record<string, ApiSchema>>
  readonly findings: readonly ImportFinding[]
}

/** A server with its variables filled by their defaults and made absolute where that is possible. */
export interface ApiServer {
  /** Absolute with scheme and host; or relative as the document has it. */
  readonly url: string
  readonly description: string | null
}

/** A tag of the document. */
export interface ApiTag {
  readonly name: string
  readonly description: string | null
  /** The tag above it (3.2); null for none. */
  readonly parent: string | null
}

/** One operation of GET, POST, PUT, PATCH or DELETE. */
export interface ApiOperation {
  /** `GET /pets/{id}`, the path as the document has it: the operation's identity over re-imports. */
  readonly key: string
  readonly method: HttpMethod
  /** As the document has it, with a fragment or query if it has one. */
  readonly path: string
  /** JSON pointer to the operation: `#/paths/~1pets~1{id}/get`. */
  readonly pointer: string
  readonly operationId: string | null
  readonly summary: string | null
  readonly description: string | null
  readonly tags: readonly string[]
  readonly isDeprecated: boolean
  /** Its own servers, else its path's, else the document's. */
  readonly servers: readonly ApiServer[]
  /** Its own and its path's; header parameters that OpenAPI ignores are left out. */
  readonly parameters: readonly ApiParameter[]
  readonly body: ApiBody | null
  readonly responses: readonly ApiResponse[]
  /** Alternatives, each a set of schemes that go together; empty for an open operation. */
  readonly security: readonly SecurityRequirement[]
  /** Its `x-…` members. */
  readonly extensions: JsonObject
}

/** A parameter with the style its version and place give it filled in. */
export interface ApiParameter {
  readonly in: ParameterPlace
  readonly name: string
  readonly description: string | null
  readonly required: boolean
  readonly isDeprecated: boolean
  readonly style: ParameterStyle
  readonly explode: boolean
  readonly allowReserved: boolean
  /** The media type of a `content` parameter; null for a `schema` parameter. */
  readonly contentType: string | null
  readonly schema: ApiSchema
  readonly example: JsonValue | undefined
}

/** What an operation takes as body. */
export interface ApiBody {
  readonly description: string | null
  readonly required: boolean
  readonly contents: readonly ApiContent[]
}

/** A body or answer in one media type. */
export interface ApiContent {
  /** As the document spells it, lower case; may be a range such as `image/*`. */
  readonly mediaType: string
  /** `true` where the document gives none. */
  readonly schema: ApiSchema
  readonly encoding: Readonly<Record<string, ApiEncoding>>
  readonly example: JsonValue | undefined
}

/** The Encoding Object; a null is left to the defaults of OpenAPI. */
export interface ApiEncoding {
  readonly contentType: string | null
  readonly style: ParameterStyle | null
  readonly explode: boolean | null
  readonly allowReserved: boolean | null
  /** Schemas of its part's headers. */
  readonly headers: Readonly<Record<string, ApiSchema>>
}

/** An answer. */
export interface ApiResponse {
  /** `200`, `2XX` or `default`. */
  readonly status: string
  readonly description: string | null
  readonly contents: readonly ApiContent[]
}

/** Scheme name to the scopes it must carry. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>

/** How an API wants to be told who calls. */
export type SecurityScheme =
  | { readonly kind: 'bearer' | 'basic'; readonly description: string | null }
  | {
      readonly kind: 'api_key'
      readonly in: 'header' | 'query' | 'cookie'
      readonly name: string
      readonly description: string | null
    }
  | {
      readonly kind: 'oauth2'
      /** Where client credentials get a token; null where the document has no such flow. */
      readonly clientCredentialsUrl: string | null
      /** Scope to description, of all flows. */
      readonly scopes: Readonly<Record<string, string>>
      readonly description: string | null
    }
  | { readonly kind: 'other'; readonly type: string; readonly description: string | null }
