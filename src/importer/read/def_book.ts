import type { Place } from './place.ts'
import { pointerTokens } from './pointer.ts'

const holders = new Set(['schemas', 'definitions', '$defs', 'components'])
const dull = new Set([
  'schema',
  'items',
  'content',
  'properties',
  'allOf',
  'anyOf',
  'oneOf',
  'paths',
])

/** Longest way from an operation over references to a schema; real documents stay below 60. */
const maxDistance = 1_000

interface Waiting {
  readonly name: string
  readonly place: Place
  readonly distance: number
}

/** Gives every schema that a `$ref` names a short name of its own, and keeps what is still to read. */
export class DefBook {
  private readonly names = new Map<object, string>()
  private readonly places = new Map<string, Place>()
  private readonly taken = new Set<string>()
  private readonly waiting: Waiting[] = []
  private nextAt = 0
  /** How many references from an operation the schema that is being read is away. */
  private distance = 0

  /**
   * The name of a schema object; asks for it to be read when it is new. Null for one that is further
   * from every operation than any document needs.
   */
  nameOf(place: Place, value: object): string | null {
    const known = this.names.get(value)
    if (known !== undefined) return known
    if (this.distance >= maxDistance) return null
    const name = this.freeName(wantedName(place))
    this.names.set(value, name)
    this.places.set(name, place)
    this.waiting.push({ name, place, distance: this.distance + 1 })
    return name
  }

  /** The next schema to read, nearest first; undefined when all are read. */
  next(): [string, Place] | undefined {
    const next = this.waiting[this.nextAt++]
    if (next === undefined) return undefined
    this.distance = next.distance
    return [next.name, next.place]
  }

  /** Takes a free name like the one given. */
  freeName(wanted: string): string {
    let name = wanted
    for (let n = 2; this.taken.has(name.toLowerCase()) || name in {}; n++) name = `${wanted}_${n}`
    this.taken.add(name.toLowerCase())
    return name
  }

  /** Pointer to the schema of a name; `#` for a name without one. */
  pointerOf(name: string): string {
    return this.places.get(name)?.pointer ?? '#'
  }
}

function wantedName(place: Place): string {
  const [file = '', fragment = ''] = place.pointer.split('#')
  const tokens = pointerTokens(fragment)
  const holder = tokens.findLastIndex((token) => holders.has(token))
  const own = tokens.slice(holder + 1).filter((token) => !dull.has(token))
  const fileName =
    file
      .split('/')
      .at(-1)
      ?.replace(/\.\w+$/, '') ?? ''
  const words = own.length > 0 ? own.slice(-4) : [fileName]
  const name = words
    .join('_')
    .replace(/[^A-Za-z0-9_.-]+/g, '_')
    .replace(/^_+|_+$/g, '')
  return name.slice(-64) || 'schema'
}
