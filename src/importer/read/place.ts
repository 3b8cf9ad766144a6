import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { pointerToken } from './pointer.ts'

/** What relative references in a place are relative to. */
export interface Base {
  /** Normal path of the file. */
  readonly file: string
  /** `#` for the first file, else its path and `#`. */
  readonly prefix: string
  /** URI of the nearest `$id` (3.1); null where the file itself is the resource. */
  readonly id: string | null
  /** What a reference of only a fragment points into. */
  readonly root: JsonValue
  /** Pointer to `root`. */
  readonly rootPointer: string
}

/** A value of the document and where it stands. */
export interface Place {
  readonly value: JsonValue | undefined
  /** `#/paths/~1pets/get`; with the file before `#` in other files than the first. */
  readonly pointer: string
  readonly base: Base
}

/** A place that holds an object. */
export interface ObjectPlace extends Place {
  readonly value: JsonObject
}

/** Own member of an object; undefined where there is none, also for `toString` and the like. */
export function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d{0,8})$/.test(key) ? value[Number(key)] : undefined
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** The place of a member; its value is undefined where there is none. */
export function child(place: Place, key: string | number): Place {
  return {
    value: member(place.value, String(key)),
    pointer: `${place.pointer}/${pointerToken(key)}`,
    base: place.base,
  }
}

/** Narrows a place to one that holds an object. */
export function isObjectPlace(place: Place): place is ObjectPlace {
  return isJsonObject(place.value)
}

/** The members of an object in its order, as places; none for anything else. */
export function members(place: Place): [string, Place][] {
  if (!isJsonObject(place.value)) return []
  return Object.keys(place.value).map((key) => [key, child(place, key)])
}

/** The items of a list as places; none for anything else. */
export function items(place: Place): Place[] {
  if (!Array.isArray(place.value)) return []
  return place.value.map((_, index) => child(place, index))
}

/** What a value is, for people. */
export function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** The string a place holds, a number or boolean as text; null for anything else or nothing. */
export function textAt(place: Place): string | null {
  const { value } = place
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}

/** The boolean a place holds, `"true"` and `"false"` included; undefined for anything else. */
export function booleanAt(place: Place): boolean | undefined {
  if (typeof place.value === 'boolean') return place.value
  if (place.value === 'true') return true
  return place.value === 'false' ? false : undefined
}
