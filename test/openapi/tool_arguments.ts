import type { ChosenValues } from './reference/chosen_values.ts'
import type { Raw } from './reference/document_graph.ts'
import type { WireOperation } from './reference/wire_operations.ts'
import { FileValue } from './values.ts'

const groupByPlace: Readonly<Record<string, string>> = {
  path: 'pathParams',
  query: 'query',
  querystring: 'query',
  header: 'headers',
  cookie: 'cookies',
}

/** Names that every model API takes and that Gatehouse leaves to arguments. */
export const isPortableName = (name: string): boolean =>
  /^[a-zA-Z0-9_.-]{1,64}$/.test(name) && !reserved.has(name.toLowerCase())

const reserved = new Set(['member_id', 'project_id', 'integration_id'])

/**
 * Puts values into the arguments that a tool lists: by group, and under the listed name where the wire's
 * is not one for models. A name is found by what it is made of: letters and digits in order, `<` and `>`
 * as `lt` and `gt`.
 * @throws Error where the tool lists no such argument
 */
export function toolArguments(
  operation: WireOperation,
  chosen: ChosenValues,
  inputSchema: Raw,
): Raw {
  const out: Raw = {}
  for (const [parameter, value] of chosen.parameters) {
    const group = groupByPlace[parameter.in] ?? parameter.in
    const listed = inputSchema.properties?.[group]
    if (listed === undefined) throw new Error(`no group ${group}`)
    const all = operation.parameters
      .filter((one) => groupByPlace[one.in] === group)
      .map(({ name }) => name)
    const name = listedNames(all, Object.keys(listed.properties ?? {})).get(parameter.name)
    if (name === undefined) throw new Error(`no argument for ${parameter.in} ${parameter.name}`)
    out[group] = { ...out[group], [name]: translateValue(value, listed.properties[name]) }
  }
  if (chosen.body === undefined) return out
  const listed = inputSchema.properties?.body
  if (listed === undefined) throw new Error('no body')
  return { ...out, body: translateValue(chosen.body, listed) }
}

/** All properties that a listed schema names at a level, through its unions. */
function listedProperties(schema: Raw): Map<string, Raw[]> {
  const found = new Map<string, Raw[]>()
  const visit = (node: Raw) => {
    if (typeof node !== 'object' || node === null) return
    for (const [name, property] of Object.entries(node.properties ?? {})) {
      found.set(name, [...(found.get(name) ?? []), property])
    }
    for (const word of ['anyOf', 'oneOf', 'allOf']) for (const one of node[word] ?? []) visit(one)
  }
  visit(schema)
  return found
}

/** A schema that stands for several. */
const together = (schemas: readonly Raw[]): Raw =>
  schemas.length === 1 ? schemas[0] : { anyOf: schemas }

function itemsOf(schema: Raw): Raw {
  const found: Raw[] = []
  const visit = (node: Raw) => {
    if (typeof node !== 'object' || node === null) return
    if (node.items !== undefined) found.push(node.items)
    for (const word of ['anyOf', 'oneOf', 'allOf']) for (const one of node[word] ?? []) visit(one)
  }
  visit(schema)
  return together(found)
}

function additionalOf(schema: Raw): Raw {
  const found: Raw[] = []
  const visit = (node: Raw) => {
    if (typeof node !== 'object' || node === null) return
    if (typeof node.additionalProperties === 'object') found.push(node.additionalProperties)
    for (const word of ['anyOf', 'oneOf', 'allOf']) for (const one of node[word] ?? []) visit(one)
  }
  visit(schema)
  return together(found)
}

function translateValue(value: Raw, schema: Raw): Raw {
  if (value instanceof FileValue) return value.argument()
  if (Array.isArray(value)) return value.map((item) => translateValue(item, itemsOf(schema)))
  if (typeof value !== 'object' || value === null) return value
  const properties = listedProperties(schema)
  const aliases = listedNames(Object.keys(value), properties.keys())
  return Object.fromEntries(
    Object.entries<Raw>(value).map(([name, item]) => {
      const listed = aliases.get(name)
      // What the listing does not show goes under its own name, or under what aliases look like.
      const used = listed ?? (reserved.has(name.toLowerCase()) ? `api_${name}` : name)
      const inner = properties.get(listed ?? name)
      return [
        used,
        translateValue(item, inner === undefined ? additionalOf(schema) : together(inner)),
      ]
    }),
  )
}

/** What the tool calls some members; a member it does not list is left out. */
function listedNames(wireNames: readonly string[], listed: Iterable<string>): Map<string, string> {
  const names = [...listed]
  const found = new Map<string, string>()
  for (const wire of wireNames) {
    if (isPortableName(wire) && names.includes(wire)) found.set(wire, wire)
  }
  const isLike: readonly ((wire: string, name: string) => boolean)[] = [
    (wire, name) => essential(name) === essential(wire),
    (wire, name) => isClose(essential(wire), essential(name)),
    (wire, name) => essential(wire).slice(0, 2) === essential(name).slice(0, 2),
  ]
  for (const like of isLike) {
    for (const wire of wireNames) {
      if (found.has(wire) || isPortableName(wire)) continue
      const taken = new Set(found.values())
      const free = names.filter((name) => !taken.has(name) && like(wire, name))
      const name = free.sort((left, right) => left.length - right.length)[0]
      if (name !== undefined) found.set(wire, name)
    }
  }
  return found
}

const isClose = (wanted: string, got: string): boolean =>
  got.startsWith(wanted) || got.endsWith(wanted) || wanted.startsWith(got.slice(0, 40))

const essential = (name: string): string =>
  name
    .replaceAll('<=', 'lte')
    .replaceAll('>=', 'gte')
    .replaceAll('<', 'lt')
    .replaceAll('>', 'gt')
    .replace(/[^a-zA-Z0-9]/g, '')
    .toLowerCase()
