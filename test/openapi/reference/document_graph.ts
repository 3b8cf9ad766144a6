import { posix } from 'node:path'
import type { SharedDocument } from '../shared_documents.ts'

// biome-ignore lint/suspicious/noExplicitAny: raw documents have every shape
export type Raw = any

/** A node of a raw document and where it stands. */
export interface Place {
  readonly file: string
  readonly path: readonly string[]
  readonly value: Raw
}

/** The parsed files of a document and the references between them, by RFC 6901 and RFC 3986 alone. */
export interface DocumentGraph {
  readonly entry: string
  readonly version: '2.0' | '3.0' | '3.1' | '3.2'
  readonly root: Raw
  /** Parsed files; one may be added for what a document does not hold in one place. */
  readonly files: Map<string, Raw>
  /** The member of a node. */
  child(place: Place, ...keys: readonly (string | number)[]): Place
  /** Follows `$ref` until there is none. @throws Error where it leads nowhere or round in circles */
  resolve(place: Place): Place
}

/** Parses every file of a document. */
export function readGraph({ files: texts, entry }: SharedDocument): DocumentGraph {
  const files = new Map([...texts].map(([path, text]) => [path, parse(text)]))
  const root = files.get(entry)
  const stated = String(root.swagger ?? root.openapi)
  const version = (['2.0', '3.0', '3.1', '3.2'] as const).find((one) => stated.startsWith(one))
  if (version === undefined) throw new Error(`no version: ${stated}`)
  const graph: DocumentGraph = {
    entry,
    version,
    root,
    files,
    child: (place, ...keys) => ({
      file: place.file,
      path: [...place.path, ...keys.map(String)],
      value: keys.reduce((value: Raw, key) => value?.[key], place.value),
    }),
    resolve: (place) => {
      let at = place
      for (let hops = 0; typeof at.value?.$ref === 'string'; hops++) {
        if (hops > 50) throw new Error(`circular reference ${at.value.$ref}`)
        at = target(graph, at)
      }
      return at
    },
  }
  return graph
}

/** The text of a file as a value: JSON where it is JSON, YAML elsewhere. */
function parse(text: string): Raw {
  return /^\s*[{[]/.test(text) ? JSON.parse(text) : Bun.YAML.parse(text)
}

function target(graph: DocumentGraph, place: Place): Place {
  const reference: string = place.value.$ref
  const [address = '', fragment = ''] = reference.split('#')
  const file = address === '' ? place.file : posix.join(posix.dirname(place.file), address)
  if (!graph.files.has(file)) throw new Error(`dangling reference ${reference}`)
  const keys = fragment
    .split('/')
    .slice(1)
    .map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'))
  let at: Place = { file, path: [], value: graph.files.get(file) }
  for (const key of keys) {
    if (typeof at.value?.$ref === 'string' && at.value[key] === undefined) at = graph.resolve(at)
    at = graph.child(at, key)
  }
  if (at.value === undefined) throw new Error(`dangling reference ${reference}`)
  return at
}
