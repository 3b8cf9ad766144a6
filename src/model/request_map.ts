import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { ReservedVariable } from './tool.ts'

/** Where OpenAPI puts a parameter; `querystring` (3.2) is the whole query as one value. */
export type ParameterPlace = 'path' | 'query' | 'header' | 'cookie' | 'querystring'

/**
 * How a value becomes text (OpenAPI 3.2 §4.12.2). `tabDelimited` is Swagger 2.0's `tsv`, `cookie` the
 * style of 3.2 that escapes nothing.
 */
export type ParameterStyle =
  | 'simple'
  | 'label'
  | 'matrix'
  | 'form'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'tabDelimited'
  | 'deepObject'
  | 'cookie'

/** Where the value of a parameter comes from: an argument, the caller, or always the same. */
export type ParameterSource =
  | { readonly argument: string }
  | { readonly caller: ReservedVariable }
  | { readonly value: JsonValue }

/** The groups that the arguments of an imported operation have, and nothing beside them. */
export const argumentGroups = ['pathParams', 'query', 'headers', 'cookies', 'body'] as const
export type ArgumentGroup = (typeof argumentGroups)[number]

/** One parameter on its way from an argument to the wire. */
export interface MappedParameter {
  readonly in: ParameterPlace
  /** Its name on the wire, as the document spells it. */
  readonly name: string
  /** `argument` is its property in the group of its place (`querystring` is in `query`). */
  readonly source: ParameterSource
  readonly required: boolean
  readonly style: ParameterStyle
  readonly explode: boolean
  readonly allowReserved: boolean
  /** Set where the document gives the parameter `content`: the value is written as this media type. */
  readonly contentType: string | null
}

/** How a body is written. */
export type BodyKind = 'json' | 'form' | 'multipart' | 'text' | 'bytes' | 'xml'

/** How one property of a form or multipart body is written (OpenAPI's Encoding Object). */
export interface PartEncoding {
  /** The part's media type; null for what OpenAPI says of the property's type. */
  readonly contentType: string | null
  readonly style: ParameterStyle
  readonly explode: boolean
  readonly allowReserved: boolean
  /** Whether the value is a file: text, or an object with `text`, `base64` or `data_uri`. */
  readonly isFile: boolean
  /** Fixed headers of the part. */
  readonly headers: Readonly<Record<string, string>>
}

/** What becomes of the `body` argument. */
export interface MappedBody {
  readonly required: boolean
  /** As sent, without a boundary; never a range. */
  readonly contentType: string
  readonly kind: BodyKind
  /** By property name on the wire; a property without an entry follows its schema. */
  readonly encoding: Readonly<Record<string, PartEncoding>>
}

/**
 * How the arguments of an imported operation become its request, as the OpenAPI document says. Kept
 * beside the tool's version by its hash: many tools share one, and listing tools never reads it.
 */
export interface RequestMap {
  /** Path of the server, then of the document, without fragment and query: `/v1/users/{id}`. */
  readonly path: string
  /** What the document's path carries after `?`, verbatim; empty for nothing. */
  readonly fixedQuery: string
  readonly parameters: readonly MappedParameter[]
  readonly body: MappedBody | null
  /** What the answer may be asked for with `Accept`; null to leave the connector's own. */
  readonly accept: string | null
  /**
   * The document's own rules in JSON Schema 2020-12, free of prose, self-contained in `$defs`,
   * `oneOf` relaxed to `anyOf`: an object with the argument groups, every name in them as on the
   * wire. The `body` property keeps
   * `xml` and `format`, which decide how it is written.
   */
  readonly schema: JsonObject
  /** What model-friendly property names of `body` stand for on the wire; unique in both directions. */
  readonly aliases: Readonly<Record<string, string>>
}
