import { isJsonObject, type JsonValue } from '../../lib/json.ts'
import type { Base, Place } from './place.ts'
import { pointerToken } from './pointer.ts'

/** Stands for the address of a file that has none. */
const localHost = 'bundle:///'

/**
 * Where the `$id`, `$anchor` and `$dynamicAnchor` of files lead (JSON Schema 2020-12 §8.2). By
 * absolute URI; files of a bundle get URIs of their own.
 */
export class AnchorIndex {
  private readonly places = new Map<string, Place>()
  private readonly files = new Set<string>()

  /** Takes in the anchors of a file, once. */
  addFile(base: Base): void {
    if (this.files.has(base.file)) return
    this.files.add(base.file)
    this.visit({ value: base.root, pointer: base.prefix, base }, new Set())
  }

  /** The place of a reference that names an `$id` or an anchor; null for none. */
  find(reference: string, base: Base): Place | null {
    const uri = URL.parse(reference, baseUri(base))
    return uri === null ? null : (this.places.get(uri.href) ?? null)
  }

  private visit(place: Place, seen: Set<object>): void {
    const { value } = place
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    const base = baseInside(place)
    const here = { value, pointer: place.pointer, base }
    if (isJsonObject(value)) this.take(here)
    for (const key of Object.keys(value)) {
      const inner = (value as Record<string, JsonValue>)[key]
      this.visit({ value: inner, pointer: `${place.pointer}/${pointerToken(key)}`, base }, seen)
    }
  }

  private take(place: Place): void {
    if (place.base.rootPointer === place.pointer && place.base.id !== null) {
      this.set(place.base.id, place)
    }
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const anchor = (place.value as Record<string, JsonValue>)[keyword]
      if (typeof anchor !== 'string') continue
      const uri = URL.parse(`#${anchor}`, baseUri(place.base))
      if (uri !== null) this.set(uri.href, place)
    }
  }

  private set(uri: string, place: Place): void {
    if (!this.places.has(uri)) this.places.set(uri, place)
  }
}

function baseUri(base: Base): string {
  return base.id ?? (URL.canParse(base.file) ? base.file : `${localHost}${base.file}`)
}

/** The base that holds inside a place: another one where the place is a schema with `$id`. */
export function baseInside(place: Place): Base {
  const { value, base, pointer } = place
  const id = isJsonObject(value) && Object.hasOwn(value, '$id') ? value['$id'] : undefined
  if (typeof id !== 'string' || id.startsWith('#') || value === undefined) return base
  const uri = URL.parse(id, baseUri(base))
  if (uri === null) return base
  return { file: base.file, prefix: base.prefix, id: uri.href, root: value, rootPointer: pointer }
}
