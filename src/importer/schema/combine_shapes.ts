import { isJsonObject, type JsonValue } from '../../lib/json.ts'
import type { ApiSchema } from '../api_document.ts'
import { plainText } from './concise_text.ts'
import { type Alternative, anyShape, type LimitName, type Remarks, type Shape } from './shape.ts'

/** Most alternatives of objects that stay apart; more become one object. */
const MAX_OBJECTS = 8
/** Most values an enumeration keeps. */
const MAX_VALUES = 2000

/** What fits both shapes, or more; remarks of the first come first. */
export function intersectShapes(a: Shape, b: Shape): Shape {
  const remarks = mergeRemarks(a.remarks, b.remarks)
  if (a.isAny || b.isAny) {
    const { isAny, alternatives } = a.isAny ? b : a
    return { isAny, alternatives, remarks }
  }
  const found: Alternative[] = []
  for (const one of a.alternatives) {
    for (const other of b.alternatives) {
      const both = intersect(one, other)
      if (both !== undefined) found.push(both)
    }
  }
  return { isAny: false, alternatives: tidy(found), remarks }
}

/** What fits one of the shapes, or more. Their descriptions go with their alternatives. */
export function uniteShapes(shapes: readonly Shape[]): Shape {
  if (shapes.some((shape) => shape.isAny)) return anyShape
  const all = shapes.flatMap(({ alternatives, remarks }) =>
    remarks.description === null && remarks.notes.length === 0
      ? alternatives
      : alternatives.map((alternative) => ({
          ...alternative,
          description: remarks.description ?? alternative.description,
          notes: [...alternative.notes, ...remarks.notes],
        })),
  )
  return { isAny: false, alternatives: tidy(all), remarks: anyShape.remarks }
}

/** Several alternatives of objects as one that takes all of them. */
export function mergeObjects(objects: readonly Alternative[]): Alternative | undefined {
  const [first] = objects
  if (first === undefined || objects.length === 1) return first
  const properties = new Map<string, Set<ApiSchema>>()
  for (const object of objects) {
    for (const [name, schema] of object.properties) {
      const forms = properties.get(name)
      if (forms === undefined) properties.set(name, new Set([schema]))
      else forms.add(schema)
    }
  }
  const isClosed = objects.every((object) => object.additional === false)
  return {
    ...first,
    description: null,
    notes: [],
    values: null,
    limits: looserLimits(objects),
    properties: new Map([...properties].map(([name, forms]) => [name, anyOf([...forms])])),
    required: new Set([...first.required].filter((name) => objects.every(requires(name)))),
    // A name one form declares may be a free one of another form.
    additional: !isClosed || objects.some((object) => object.isWeak),
  }
}

const requires = (name: string) => (object: Alternative) => object.required.has(name)

function mergeRemarks(a: Remarks, b: Remarks): Remarks {
  return {
    description: a.description ?? b.description,
    notes: [...new Set([...a.notes, ...b.notes])],
    default: a.default ?? b.default,
    isDeprecated: a.isDeprecated || b.isDeprecated,
    isReadOnly: a.isReadOnly || b.isReadOnly,
    isWriteOnly: a.isWriteOnly || b.isWriteOnly,
  }
}

function intersect(a: Alternative, b: Alternative): Alternative | undefined {
  const type = a.type === b.type ? a.type : integerOf(a.type, b.type)
  if (type === undefined) return undefined
  const values = commonValues(a.values, b.values)
  if (values?.length === 0) return undefined
  return {
    type,
    isWeak: a.isWeak && b.isWeak,
    description: a.description ?? b.description,
    notes: [...new Set([...a.notes, ...b.notes])],
    limits: tighterLimits(a, b),
    values,
    pattern: a.pattern ?? b.pattern,
    format: a.format ?? b.format,
    isBinary: a.isBinary || b.isBinary,
    items: allOf(a.items, b.items),
    properties: mergeProperties(a.properties, b.properties),
    required: new Set([...a.required, ...b.required]),
    additional: allOf(a.additional, b.additional),
  }
}

const integerOf = (a: string, b: string) =>
  (a === 'integer' && b === 'number') || (a === 'number' && b === 'integer') ? 'integer' : undefined

function mergeProperties(
  a: ReadonlyMap<string, ApiSchema>,
  b: ReadonlyMap<string, ApiSchema>,
): ReadonlyMap<string, ApiSchema> {
  if (a.size === 0) return b
  if (b.size === 0) return a
  const merged = new Map(a)
  for (const [name, schema] of b) merged.set(name, allOf(a.get(name) ?? true, schema))
  return merged
}

function allOf(a: ApiSchema, b: ApiSchema): ApiSchema {
  if (a === true || a === b) return b
  if (b === true) return a
  return a === false || b === false ? false : { allOf: [a, b] }
}

/** A schema for what fits one of the schemas. */
export function anyOf(schemas: readonly ApiSchema[]): ApiSchema {
  const different = [...new Set(schemas)]
  if (different.includes(true)) return true
  const [first = false] = different
  return different.length <= 1 ? first : { anyOf: different }
}

const isLower = (name: LimitName) => name.startsWith('min')

function tighterLimits(a: Alternative, b: Alternative): Alternative['limits'] {
  const limits = { ...a.limits }
  for (const [key, value] of Object.entries(b.limits)) {
    const name = key as LimitName
    const other = limits[name]
    if (other === undefined) limits[name] = value
    else limits[name] = isLower(name) ? Math.max(other, value) : Math.min(other, value)
  }
  return limits
}

function looserLimits(alternatives: readonly Alternative[]): Alternative['limits'] {
  const limits: Partial<Record<LimitName, number>> = {}
  for (const key of Object.keys(alternatives[0]?.limits ?? {})) {
    const name = key as LimitName
    const values = alternatives.map((alternative) => alternative.limits[name])
    const known = values.filter((value) => value !== undefined)
    if (known.length < values.length) continue
    limits[name] = isLower(name) ? Math.min(...known) : Math.max(...known)
  }
  return limits
}

/** A text two JSON values share where they are equal; numbers by their digits. */
const valueKey = (value: JsonValue) => JSON.stringify(value, sortKeys)

const sortKeys = (_key: string, value: JsonValue) =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).sort()) : value

function commonValues(
  a: readonly JsonValue[] | null,
  b: readonly JsonValue[] | null,
): readonly JsonValue[] | null {
  if (a === null || b === null) return a ?? b
  const keys = new Set(b.map(valueKey))
  return a.filter((value) => keys.has(valueKey(value)))
}

/** One alternative of each type, save for objects, which stay apart while they are few. */
function tidy(alternatives: readonly Alternative[]): readonly Alternative[] {
  const groups = new Map<string, Alternative[]>()
  for (const alternative of new Set(alternatives)) {
    const type = alternative.type === 'integer' ? 'number' : alternative.type
    const key = `${type} ${alternative.isWeak}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [alternative])
    else group.push(alternative)
  }
  return [...groups.values()].flatMap(tidyGroup)
}

function tidyGroup(group: readonly Alternative[]): readonly Alternative[] {
  if (group.length === 1) return group
  const [first] = group
  if (first?.type !== 'object') return [mergePlain(group)]
  const free = group.find(isFreeObject)
  if (free !== undefined && group.every((one) => one.properties.size === 0)) return [free]
  const merged = group.length > MAX_OBJECTS ? mergeObjects(group) : undefined
  return merged === undefined ? group : [merged]
}

const isFreeObject = ({ required, additional, properties, limits }: Alternative) =>
  required.size === 0 &&
  additional === true &&
  properties.size === 0 &&
  Object.keys(limits).length === 0

function mergePlain(group: readonly Alternative[]): Alternative {
  const [first, ...rest] = group
  if (first === undefined) throw new TypeError('A group has a member.')
  const isSame = <T>(read: (one: Alternative) => T) =>
    rest.every((one) => read(one) === read(first))
  const values = group.flatMap((one) => one.values ?? [])
  const isEnumerated = group.every((one) => one.values !== null) && values.length <= MAX_VALUES
  return {
    ...first,
    type:
      group.every((one) => one.type === 'integer') || first.type !== 'integer'
        ? widest(group)
        : 'number',
    description: first.description ?? rest.find((one) => one.description)?.description ?? null,
    notes: mergeNotes(group, isEnumerated ? [] : values),
    limits: looserLimits(group),
    values: isEnumerated ? [...new Map(values.map((v) => [valueKey(v), v])).values()] : null,
    pattern: isSame((one) => one.pattern) ? first.pattern : null,
    format: isSame((one) => one.format) ? first.format : null,
    isBinary: group.some((one) => one.isBinary),
    items: anyOf(group.map((one) => one.items)),
  }
}

const widest = (group: readonly Alternative[]) =>
  group.find((one) => one.type === 'number')?.type ?? group[0]?.type ?? 'null'

/** Notes that hold for all, and samples of values that only some restrict themselves to. */
function mergeNotes(group: readonly Alternative[], samples: readonly JsonValue[]): string[] {
  const notes = (group[0]?.notes ?? []).filter((note) =>
    group.every((one) => one.notes.includes(note)),
  )
  const formats = group.map((one) => one.format)
  if (formats.every((format) => format !== null) && new Set(formats).size > 1) {
    notes.push(plainText(`Format: ${[...new Set(formats)].join(' or ')}.`))
  }
  const texts = samples.slice(0, 12).map((value) => JSON.stringify(value))
  return texts.length === 0 ? notes : [...notes, plainText(`For example ${texts.join(', ')}.`)]
}
