import type { DocumentGraph, Place, Raw } from './document_graph.ts'

/** What several schemas ask of one value together, one branch chosen of every union. */
export interface Shape {
  /** Null where nothing is said. */
  types: string[] | null
  choices: Raw[] | null
  format: string | null
  patterns: string[]
  minimum: number
  maximum: number
  isExclusiveMinimum: boolean
  isExclusiveMaximum: boolean
  multipleOf: number | null
  minLength: number
  maxLength: number
  minItems: number
  maxItems: number
  minProperties: number
  isUnique: boolean
  isNever: boolean
  isReadOnly: boolean
  isFile: boolean
  /** Whether unions or negations were met, so that the value has to be judged. */
  isUncertain: boolean
  properties: Map<string, Place[]>
  required: Set<string>
  items: Place[]
  prefixItems: Place[]
  additional: Place[]
  isOpen: boolean
  samples: Raw[]
}

/** Chooses a branch: how many there are -> which one. */
export type Picker = (count: number) => number

/** Reads what some schemas ask together. @throws Error on a dangling reference */
export function shapeOf(graph: DocumentGraph, places: readonly Place[], pick: Picker): Shape {
  const shape = emptyShape()
  for (const place of places) merge({ graph, pick, shape, seen: new Set() }, place)
  return shape
}

const emptyShape = (): Shape => ({
  types: null,
  choices: null,
  format: null,
  patterns: [],
  minimum: Number.NEGATIVE_INFINITY,
  maximum: Number.POSITIVE_INFINITY,
  isExclusiveMinimum: false,
  isExclusiveMaximum: false,
  multipleOf: null,
  minLength: 0,
  maxLength: Number.POSITIVE_INFINITY,
  minItems: 0,
  maxItems: Number.POSITIVE_INFINITY,
  minProperties: 0,
  isUnique: false,
  isNever: false,
  isReadOnly: false,
  isFile: false,
  isUncertain: false,
  properties: new Map(),
  required: new Set(),
  items: [],
  prefixItems: [],
  additional: [],
  isOpen: true,
  samples: [],
})

interface Merging {
  readonly graph: DocumentGraph
  readonly pick: Picker
  readonly shape: Shape
  readonly seen: Set<Raw>
}

function merge(merging: Merging, given: Place): void {
  const { graph, shape, seen } = merging
  const { value } = given
  if (value === true || value === undefined) return
  if (value === false) {
    shape.isNever = true
    return
  }
  if (seen.has(value)) return
  seen.add(value)
  if (typeof value.$ref === 'string') {
    merge(merging, follow(graph, given))
    if (graph.version === '2.0' || graph.version === '3.0') return
  }
  mergeWords(graph, shape, value)
  mergeMembers(graph, shape, given)
  for (const index of (value.allOf ?? []).keys()) merge(merging, graph.child(given, 'allOf', index))
  for (const word of ['oneOf', 'anyOf']) {
    const count = value[word]?.length ?? 0
    if (count === 0) continue
    if (count > 1) shape.isUncertain = true
    merge(merging, graph.child(given, word, merging.pick(count)))
  }
  if (value.not !== undefined || value.if !== undefined) shape.isUncertain = true
}

/** One hop, so that the siblings of every reference on the way are met. */
function follow(graph: DocumentGraph, place: Place): Place {
  const only: Place = { ...place, value: { $ref: place.value.$ref } }
  return graph.resolve(only)
}

function mergeWords(graph: DocumentGraph, shape: Shape, value: Raw): void {
  if (value.type !== undefined) {
    const isFile = value.type === 'file'
    const types: string[] = isFile ? ['string'] : [value.type].flat()
    shape.types = shape.types === null ? types : intersect(shape.types, types)
  }
  if (value.enum?.length > 0) narrow(shape, value.enum)
  if (value.const !== undefined) narrow(shape, [value.const])
  if (typeof value.format === 'string') shape.format = value.format
  if (typeof value.pattern === 'string') shape.patterns.push(value.pattern)
  if (value.multipleOf !== undefined) shape.multipleOf = value.multipleOf
  mergeLimits(shape, value)
  if (value.uniqueItems === true) shape.isUnique = true
  if (value.readOnly === true) shape.isReadOnly = true
  if (value.type === 'file' || value.format === 'binary') shape.isFile = true
  const { contentMediaType: media, contentEncoding } = value
  const isRaw = media !== undefined && contentEncoding === undefined
  if (isRaw && graph.version > '3.0' && !/json|^text\//.test(media)) shape.isFile = true
  if (value.contentEncoding?.startsWith('base64')) shape.format = 'byte'
  if (value.default !== undefined) shape.samples.push(value.default)
  if (value.example !== undefined) shape.samples.push(value.example)
  if (Array.isArray(value.examples)) shape.samples.push(...value.examples)
}

function mergeLimits(shape: Shape, value: Raw): void {
  if (typeof value.minimum === 'number' && value.minimum >= shape.minimum) {
    shape.minimum = value.minimum
    shape.isExclusiveMinimum = value.exclusiveMinimum === true
  }
  if (typeof value.maximum === 'number' && value.maximum <= shape.maximum) {
    shape.maximum = value.maximum
    shape.isExclusiveMaximum = value.exclusiveMaximum === true
  }
  if (typeof value.exclusiveMinimum === 'number' && value.exclusiveMinimum >= shape.minimum) {
    shape.minimum = value.exclusiveMinimum
    shape.isExclusiveMinimum = true
  }
  if (typeof value.exclusiveMaximum === 'number' && value.exclusiveMaximum <= shape.maximum) {
    shape.maximum = value.exclusiveMaximum
    shape.isExclusiveMaximum = true
  }
  for (const word of ['minLength', 'minItems', 'minProperties'] as const) {
    shape[word] = Math.max(shape[word], value[word] ?? 0)
  }
  for (const word of ['maxLength', 'maxItems'] as const) {
    shape[word] = Math.min(shape[word], value[word] ?? Number.POSITIVE_INFINITY)
  }
}

function mergeMembers(graph: DocumentGraph, shape: Shape, place: Place): void {
  const { value } = place
  if (typeof value.properties === 'object') {
    // Documents refer to a whole map of properties as if it were a schema.
    const map = graph.resolve(graph.child(place, 'properties'))
    for (const name of Object.keys(map.value ?? {})) {
      const known = shape.properties.get(name) ?? []
      shape.properties.set(name, [...known, graph.child(map, name)])
    }
  }
  if (Array.isArray(value.required)) for (const name of value.required) shape.required.add(name)
  if (Array.isArray(value.items)) {
    for (const index of value.items.keys())
      shape.prefixItems.push(graph.child(place, 'items', index))
  } else if (value.items !== undefined) shape.items.push(graph.child(place, 'items'))
  for (const index of (value.prefixItems ?? []).keys()) {
    shape.prefixItems.push(graph.child(place, 'prefixItems', index))
  }
  if (value.additionalProperties === false) shape.isOpen = false
  else if (typeof value.additionalProperties === 'object') {
    shape.additional.push(graph.child(place, 'additionalProperties'))
  }
}

function narrow(shape: Shape, choices: Raw[]): void {
  const texts = new Set(choices.map((one) => JSON.stringify(one)))
  shape.choices =
    shape.choices === null ? choices : shape.choices.filter((one) => texts.has(JSON.stringify(one)))
}

function intersect(left: readonly string[], right: readonly string[]): string[] {
  const common = left.filter((type) => right.includes(type))
  if (left.includes('integer') && right.includes('number')) common.push('integer')
  if (right.includes('integer') && left.includes('number')) common.push('integer')
  return [...new Set(common)]
}
