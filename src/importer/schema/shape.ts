import type { JsonValue } from '../../lib/json.ts'
import type { ApiSchema } from '../api_document.ts'

/** A type of JSON Schema. */
export type TypeName = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null'

/** Bounds of an alternative. */
export type LimitName =
  | 'minimum'
  | 'maximum'
  | 'minLength'
  | 'maxLength'
  | 'minItems'
  | 'maxItems'
  | 'minProperties'
  | 'maxProperties'

/** One way a value may look: of one type, with the rules that apply to it. */
export interface Alternative {
  readonly type: TypeName
  /** Here only because no type is given, though the keywords speak of another one. */
  readonly isWeak: boolean
  readonly description: string | null
  /** Rules that stand in prose alone, a sentence each. */
  readonly notes: readonly string[]
  readonly limits: Readonly<Partial<Record<LimitName, number>>>
  /** The only values allowed; null for any. */
  readonly values: readonly JsonValue[] | null
  readonly pattern: string | null
  readonly format: string | null
  readonly isBinary: boolean
  /** Of an array. */
  readonly items: ApiSchema
  /** Of an object. */
  readonly properties: ReadonlyMap<string, ApiSchema>
  readonly required: ReadonlySet<string>
  readonly additional: ApiSchema
}

/** What is said of a value without restricting it. */
export interface Remarks {
  readonly description: string | null
  readonly notes: readonly string[]
  readonly default: JsonValue | undefined
  readonly isDeprecated: boolean
  readonly isReadOnly: boolean
  readonly isWriteOnly: boolean
}

/**
 * One level of a schema with `$ref`, `allOf`, `anyOf` and `oneOf` worked in: what its members hold
 * stays as the document has it. Restricts at most what the schema does.
 */
export interface Shape {
  /** Takes any value; then there are no alternatives. */
  readonly isAny: boolean
  readonly alternatives: readonly Alternative[]
  readonly remarks: Remarks
}

const noNotes: readonly string[] = []
const noProperties: ReadonlyMap<string, ApiSchema> = new Map()
const noNames: ReadonlySet<string> = new Set()

/** An alternative of this type without any rule. */
export function freeAlternative(type: TypeName, isWeak = false): Alternative {
  return {
    type,
    isWeak,
    description: null,
    notes: noNotes,
    limits: {},
    values: null,
    pattern: null,
    format: null,
    isBinary: false,
    items: true,
    properties: noProperties,
    required: noNames,
    additional: true,
  }
}

/** Remarks that say nothing. */
const noRemarks: Remarks = {
  description: null,
  notes: [],
  default: undefined,
  isDeprecated: false,
  isReadOnly: false,
  isWriteOnly: false,
}

/** The shape of `true`. */
export const anyShape: Shape = { isAny: true, alternatives: [], remarks: noRemarks }

/** The shape of `false`. */
export const neverShape: Shape = { isAny: false, alternatives: [], remarks: noRemarks }

const isWeak = (alternative: Alternative) => alternative.isWeak

/** The alternatives that count: where a type is told by the keywords alone, that one only. */
export function meantAlternatives(shape: Shape): readonly Alternative[] {
  if (!shape.alternatives.some(isWeak)) return shape.alternatives
  const strong = shape.alternatives.filter((alternative) => !alternative.isWeak)
  return strong.length > 0 ? strong : shape.alternatives
}
