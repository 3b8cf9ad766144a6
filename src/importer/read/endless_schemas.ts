import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { ApiSchema } from '../api_document.ts'

/** What cutting needs from outside. */
export interface EndlessSetting {
  readonly freeName: (wanted: string) => string
  /** Told once for every definition a part of which was cut. */
  readonly isBroken: (name: string) => void
}

/** A `$ref` that applies to the very value its schema applies to. */
interface Edge {
  readonly to: string
  /** The object that holds the `$ref`. */
  readonly holder: JsonObject
  /** Whether it is one of several alternatives. */
  readonly isBranch: boolean
}

type Graph = Map<string, Edge[]>

/**
 * Cuts schemas that can never be finished: definitions that name themselves without going down into
 * a property or an item. A base whose `oneOf` lists the schemas derived from it by `allOf` keeps its
 * meaning: those get the base without its `oneOf`.
 */
export function breakEndless(
  defs: Record<string, ApiSchema>,
  setting: EndlessSetting,
): Record<string, ApiSchema> {
  const core = cyclicPart(graphOf(defs))
  if (core.size === 0) return defs
  splitBases(defs, { core, freeName: setting.freeName })
  cutBackEdges(cyclicPart(graphOf(defs)), setting.isBroken)
  return defs
}

const PREFIX = '#/$defs/'
const alternatives = ['anyOf', 'oneOf', 'not']

function graphOf(defs: Record<string, ApiSchema>): Graph {
  const graph: Graph = new Map()
  for (const name of Object.keys(defs)) {
    const edges: Edge[] = []
    collect(defs[name], { edges, isBranch: false })
    graph.set(name, edges)
  }
  return graph
}

function collect(schema: JsonValue | undefined, way: { edges: Edge[]; isBranch: boolean }): void {
  if (!isJsonObject(schema)) return
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    way.edges.push({ to: reference.slice(PREFIX.length), holder: schema, isBranch: way.isBranch })
  }
  for (const key of ['allOf', 'anyOf', 'oneOf']) {
    const list = schema[key]
    const isBranch = way.isBranch || key !== 'allOf'
    if (Array.isArray(list)) for (const item of list) collect(item, { edges: way.edges, isBranch })
  }
  for (const key of ['not', 'if', 'then', 'else']) {
    collect(schema[key], { edges: way.edges, isBranch: way.isBranch || alternatives.includes(key) })
  }
  const dependent = schema['dependentSchemas']
  if (isJsonObject(dependent)) for (const inner of Object.values(dependent)) collect(inner, way)
}

/** The graph without the definitions that lead into no circle, or that no circle leads to. */
function cyclicPart(graph: Graph): Graph {
  return peeled(reversed(peeled(reversed(graph))), graph)
}

function reversed(graph: Graph): Graph {
  const result: Graph = new Map()
  for (const name of graph.keys()) result.set(name, [])
  for (const [name, edges] of graph) {
    for (const edge of edges) result.get(edge.to)?.push({ ...edge, to: name })
  }
  return result
}

/** Takes away what nothing leads to, again and again; edges are then those of `source`. */
function peeled(graph: Graph, source: Graph = graph): Graph {
  const arrivals = new Map<string, number>()
  for (const edges of graph.values()) {
    for (const { to } of edges) arrivals.set(to, (arrivals.get(to) ?? 0) + 1)
  }
  const free = [...graph.keys()].filter((name) => !arrivals.get(name))
  const gone = new Set<string>(free)
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    for (const { to } of graph.get(name) ?? []) {
      const left = (arrivals.get(to) ?? 0) - 1
      arrivals.set(to, left)
      if (left === 0 && !gone.has(to)) {
        gone.add(to)
        free.push(to)
      }
    }
  }
  const kept: Graph = new Map()
  for (const [name, edges] of source) {
    if (!graph.has(name) || gone.has(name)) continue
    kept.set(
      name,
      edges.filter((edge) => graph.has(edge.to) && !gone.has(edge.to)),
    )
  }
  return kept
}

interface Split {
  readonly core: Graph
  readonly freeName: (wanted: string) => string
}

function splitBases(defs: Record<string, ApiSchema>, { core, freeName }: Split): void {
  const bases = new Map<string, string>()
  for (const edges of core.values()) {
    for (const { to, holder, isBranch } of edges) {
      const base = defs[to]
      const hasBranches = core.get(to)?.some((edge) => edge.isBranch) ?? false
      if (isBranch || !hasBranches || !isJsonObject(base)) continue
      const name = bases.get(to) ?? freeName(`${to}_base`)
      bases.set(to, name)
      const { anyOf, oneOf, ...rest } = base
      defs[name] = rest
      holder['$ref'] = PREFIX + name
    }
  }
}

function cutBackEdges(core: Graph, isBroken: (name: string) => void): void {
  const state = new Map<string, 'open' | 'done'>()
  for (const start of core.keys()) {
    const path: { name: string; at: number }[] = state.has(start) ? [] : [{ name: start, at: 0 }]
    for (let here = path.at(-1); here; here = path.at(-1)) {
      state.set(here.name, 'open')
      const edge = core.get(here.name)?.[here.at++]
      if (edge === undefined) {
        state.set(here.name, 'done')
        path.pop()
      } else if (state.get(edge.to) === 'open') {
        cut(edge)
        isBroken(here.name)
      } else if (!state.has(edge.to)) {
        path.push({ name: edge.to, at: 0 })
      }
    }
  }
}

/** An alternative that is the whole again adds nothing to it; neither does a demand. */
function cut({ holder, isBranch }: Edge): void {
  delete holder['$ref']
  if (isBranch) holder['not'] = {}
}
