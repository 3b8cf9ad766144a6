import type { JsonObject } from '../../json.ts'
import type { Pattern } from '../pattern/compile_pattern.ts'
import type { Schema } from '../schema_values.ts'
import type { Dialect } from './dialect.ts'

/** A part of a document with an identifier of its own: the root, or what `$id` names. */
export interface SchemaResource {
  /** Absolute URI without a fragment; made up for a root without `$id`. */
  readonly uri: string
  readonly root: Schema
  readonly pointer: string
  readonly anchors: Map<string, JsonObject>
  readonly dynamicAnchors: Map<string, JsonObject>
}

/** Where a subschema stands: its RFC 6901 pointer from the document's root, and its resource. */
export interface SchemaPlace {
  readonly pointer: string
  readonly resource: SchemaResource
}

/** What a reference points to. */
export interface ReferenceTarget {
  readonly schema: Schema
  readonly resource: SchemaResource
  /** The anchor's name where `$dynamicRef` found a `$dynamicAnchor`. */
  readonly dynamicAnchor?: string
}

/** A schema that has been read: every keyword well formed, every reference resolved inside it. */
export interface SchemaDocument {
  readonly root: Schema
  readonly dialect: Dialect
  readonly places: ReadonlyMap<JsonObject, SchemaPlace>
  readonly refs: ReadonlyMap<JsonObject, ReferenceTarget>
  readonly dynamicRefs: ReadonlyMap<JsonObject, ReferenceTarget>
  readonly patterns: ReadonlyMap<string, Pattern>
}
