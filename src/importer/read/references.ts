import { AnchorIndex, baseInside } from './anchor_index.ts'
import type { Bundle } from './bundle.ts'
import { type Base, child, isObjectPlace, member, type Place, textAt } from './place.ts'
import { decoded, pointerTokens } from './pointer.ts'

/** Longest chain of references to references. */
const maxHops = 60

/** What following a reference gives: a place, or why there is none. */
export type Followed = { readonly place: Place } | { readonly reason: string }

/** Follows `$ref` inside a file, between the files of a bundle, and by `$id` and anchors. */
export class References {
  private readonly bundle: Bundle
  private readonly anchors = new AnchorIndex()
  private readonly bases = new Map<string, Base>()
  private hasAnchors = false

  constructor(bundle: Bundle) {
    this.bundle = bundle
  }

  /** Switches `$id` and anchors on, as 3.1 has them. */
  useAnchors(): void {
    this.hasAnchors = true
  }

  /** The place of a whole file; null where the bundle has no such file that can be read. */
  file(path: string): Place | null {
    const base = this.base(path)
    return base && { value: base.root, pointer: base.prefix, base: this.inner(base) }
  }

  /** The base that holds inside a place. */
  baseInside(place: Place): Base {
    return this.hasAnchors ? baseInside(place) : place.base
  }

  /** Finds what one reference names, without following a reference that stands there. */
  find(reference: string, base: Base, hops = 0): Followed {
    if (hops > maxHops) return { reason: 'it leads in a circle' }
    const [uri = '', fragment = ''] = splitFragment(reference.trim())
    const start = this.resource(uri, base)
    if (start === null) return this.lenient(reference, base)
    if (fragment === '') return { place: start }
    if (!fragment.startsWith('/')) return this.anchor(reference, base, start)
    return this.walk(start, { tokens: pointerTokens(fragment), hops })
  }

  /** Follows `$ref` from object to object until one stands for itself. */
  follow(place: Place): Followed {
    let here = place
    for (let hops = 0; hops < maxHops; hops++) {
      const reference = member(here.value, '$ref')
      if (typeof reference !== 'string') return { place: here }
      const found = this.find(reference, here.base, hops)
      if ('reason' in found) return found
      here = found.place
    }
    return { reason: 'it leads in a circle' }
  }

  /** The text of a place, also one that a `$ref` keeps in another file; null for none. */
  text(place: Place): string | null {
    const own = textAt(place)
    if (own !== null || member(place.value, '$ref') === undefined) return own
    const followed = this.follow(place)
    return 'place' in followed ? textAt(followed.place) : null
  }

  private base(path: string): Base | null {
    const known = this.bases.get(path)
    if (known) return known
    const root = this.bundle.root(path)
    if (root === undefined) return null
    const prefix = path === this.bundle.entry ? '#' : `${path}#`
    const base = { file: path, prefix, id: null, root, rootPointer: prefix }
    this.bases.set(path, base)
    if (this.hasAnchors) this.anchors.addFile(base)
    return base
  }

  private inner(base: Base): Base {
    return this.baseInside({ value: base.root, pointer: base.prefix, base })
  }

  private resource(uri: string, base: Base): Place | null {
    if (uri === '') return { value: base.root, pointer: base.rootPointer, base }
    const byId = this.hasAnchors ? this.anchors.find(uri, base) : null
    if (byId !== null) return byId
    const path = this.bundle.find(uri, base.file)
    return path === null ? null : this.file(path)
  }

  private anchor(reference: string, base: Base, start: Place): Followed {
    const fragment = splitFragment(reference)[1]
    const place = this.hasAnchors
      ? (this.anchors.find(reference, base) ?? this.anchors.find(`#${fragment}`, start.base))
      : null
    if (place !== null) return { place }
    const step = member(start.value, decoded(fragment ?? ''))
    if (step !== undefined) return { place: child(start, decoded(fragment ?? '')) }
    return { reason: `there is no anchor ${fragment}` }
  }

  private walk(start: Place, way: { tokens: readonly string[]; hops: number }): Followed {
    let here = start
    for (const [index, token] of way.tokens.entries()) {
      const through = this.through(here, { token, hops: way.hops })
      const next = through && child(through, token)
      if (!next || next.value === undefined) return this.moved(start, way.tokens, index)
      here = { ...next, base: this.baseInside(next) }
    }
    return { place: here }
  }

  /** The place itself where it has the token; else what its own `$ref` names. */
  private through(place: Place, step: { token: string; hops: number }): Place | null {
    let here = place
    for (let hops = step.hops; hops < maxHops; hops++) {
      if (member(here.value, step.token) !== undefined) return here
      const reference = member(here.value, '$ref')
      if (typeof reference !== 'string') return null
      const found = this.find(reference, here.base, hops + 1)
      if ('reason' in found) return null
      here = found.place
    }
    return null
  }

  /** Definitions that kept the address they had in another version of OpenAPI. */
  private moved(start: Place, tokens: readonly string[], index: number): Followed {
    const missing = { reason: `there is no ${tokens[index] || 'member with an empty name'}` }
    const path = tokens.join('/')
    for (const [old, now] of movedSections) {
      if (!path.startsWith(old)) continue
      const place = descend(start, [...now, ...tokens.slice(old.split('/').length - 1)])
      if (place) return { place }
    }
    return missing
  }

  /** A bare name, as Swagger 1.2 had it; or the only file under a name it had before. */
  private lenient(reference: string, base: Base): Followed {
    const [uri = '', fragment = ''] = splitFragment(reference)
    const broken = this.bundle.find(uri, base.file)
    const why = broken === null ? undefined : this.bundle.broken.get(broken)
    if (why !== undefined) return { reason: `${broken} cannot be read: ${why}` }
    if (/^[\w.-]+$/.test(reference)) return this.bareName(reference, base)
    const isOwnName = !this.bundle.hasManyFiles && fragment.startsWith('/')
    const start = isOwnName && !/^https?:/i.test(uri) ? this.file(this.bundle.entry) : null
    const place = start && descend(start, pointerTokens(fragment))
    if (place) return { place }
    return { reason: `${uri} is not among the files that were given` }
  }

  private bareName(name: string, base: Base): Followed {
    const start: Place = { value: base.root, pointer: base.rootPointer, base }
    const place =
      descend(start, ['definitions', name]) ?? descend(start, ['components', 'schemas', name])
    return place ? { place } : { reason: `${name} is not among the files that were given` }
  }
}

const movedSections: readonly (readonly [string, readonly string[]])[] = [
  ['definitions/', ['components', 'schemas']],
  ['parameters/', ['components', 'parameters']],
  ['responses/', ['components', 'responses']],
  ['components/schemas/', ['definitions']],
  ['components/parameters/', ['parameters']],
  ['components/responses/', ['responses']],
]

function descend(start: Place, tokens: readonly string[]): Place | null {
  let here = start
  for (const token of tokens) {
    here = child(here, token)
    if (here.value === undefined) return null
  }
  return isObjectPlace(here) ? here : null
}

function splitFragment(reference: string): [string, string] {
  const at = reference.indexOf('#')
  return at < 0 ? [reference, ''] : [reference.slice(0, at), reference.slice(at + 1)]
}
